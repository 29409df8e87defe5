import type { Run } from "@mcp/host";
import { type Alert, type AlertChannel, alertJSON, targetOf } from "./channel.ts";

const timeLimitMs = 30_000;
/** A program that prints more is ended. */
const mostOutputBytes = 256 * 1024;
/** In each variable: a kernel refuses more than 128 KiB, and with it the program. Standard input has all of it. */
const mostInVariable = 8 * 1024;
/** Of the agent's own environment, which may hold secrets, only these. */
const passedOn: ReadonlySet<string> = new Set(["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"]);

/** Runs a program for each alert, with the facts in its environment and as JSON on its standard input. */
export function commandChannel(argv: readonly string[], run: Run): AlertChannel {
  return {
    name: "command",
    target: targetOf(...argv),
    async send(alert, signal) {
      await run(argv, {
        stdin: `${JSON.stringify(alertJSON(alert))}\n`,
        env: { ...withheld(), ...facts(alert) },
        cwd: "/",
        timeoutMs: timeLimitMs,
        maxOutputBytes: mostOutputBytes,
        signal,
      });
      return undefined;
    },
  };
}

const withheld = (): Record<string, undefined> =>
  Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => !passedOn.has(name))
      .map((name) => [name, undefined]),
  );

function facts(alert: Alert): Record<string, string> {
  const { node, state, code, severity, service, component, subject, title, text, hint, at } =
    alertJSON(alert);
  const named = { node, state, code, severity, service, component, subject, title, text, hint, at };
  return Object.fromEntries(
    Object.entries(named).map(([name, value]) => [
      `MCP_ALERT_${name.toUpperCase()}`,
      // A NUL would end it.
      value.replaceAll("\0", "").slice(0, mostInVariable),
    ]),
  );
}
