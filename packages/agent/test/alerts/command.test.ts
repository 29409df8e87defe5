import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunOptions, run } from "@mcp/host";
import { describe, expect, it, onTestFinished } from "vitest";
import { commandChannel } from "../../src/index.ts";
import { alertOf, forEver, newFolder, problemOf } from "./example.ts";

const node = process.execPath;
/** A time limit that a test can wait for. */
const hasty = (argv: readonly string[], options?: RunOptions) => run(argv, { ...options, timeoutMs: 500 });

/** Writes what it was given into a file. */
const recorder = (path: string) => [
  node,
  "-e",
  `let stdin = ""; process.stdin.on("data", (d) => stdin += d).on("end", () =>
    require("node:fs").writeFileSync(process.argv[1], JSON.stringify({ env: process.env, stdin, cwd: process.cwd() })))`,
  path,
];

async function given(more: Parameters<typeof alertOf>[0] = {}) {
  const path = join(await newFolder(), "given.json");
  await commandChannel(recorder(path), run).send(alertOf(more), forEver);
  return JSON.parse(await readFile(path, "utf8")) as {
    env: Record<string, string>;
    stdin: string;
    cwd: string;
  };
}

describe("the alert command", () => {
  it("has the facts in its environment, and as JSON on its standard input", async () => {
    const { env, stdin, cwd } = await given({ lastedMs: 90_000 });
    expect(env).toMatchObject({
      MCP_ALERT_NODE: "rift",
      MCP_ALERT_STATE: "firing",
      MCP_ALERT_CODE: "crash_looping",
      MCP_ALERT_SEVERITY: "critical",
      MCP_ALERT_SERVICE: "hello",
      MCP_ALERT_COMPONENT: "web",
      MCP_ALERT_TITLE: "web of hello keeps crashing",
      MCP_ALERT_TEXT: "It exited with code 1.",
      MCP_ALERT_HINT: "mcp logs hello/web",
      MCP_ALERT_AT: "2026-11-21T12:00:00.000Z",
    });
    expect(JSON.parse(stdin)).toEqual({
      v: 1,
      node: "rift",
      state: "firing",
      code: "crash_looping",
      severity: "critical",
      service: "hello",
      component: "web",
      subject: "",
      title: "web of hello keeps crashing",
      text: "It exited with code 1.",
      hint: "mcp logs hello/web",
      at: "2026-11-21T12:00:00.000Z",
      lasted_seconds: 90,
    });
    expect(cwd).toBe("/");
  });

  it("has nothing of the agent's own environment but what any program needs", async () => {
    process.env.MCP_AGENT_MONITOR_WEBHOOK_URL = "https://secret.example";
    onTestFinished(() => {
      delete process.env.MCP_AGENT_MONITOR_WEBHOOK_URL;
    });
    const { env } = await given();
    const others = Object.keys(env).filter((name) => !name.startsWith("MCP_ALERT_"));
    expect(others.filter((name) => !["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"].includes(name))).toEqual(
      [],
    );
    expect(env.PATH).toBe(process.env.PATH);
  });

  it("is given what no shell, and no variable, could hold otherwise", async () => {
    const title = "$(touch /tmp/x) `id` \0 \n 'quoted'";
    const { env, stdin } = await given({ title, text: "x".repeat(1_000_000) });
    expect(env.MCP_ALERT_TITLE).toBe(title.replace("\0", ""));
    expect(env.MCP_ALERT_TEXT).toHaveLength(8_192);
    expect(JSON.parse(stdin)).toMatchObject({ title, text: "x".repeat(1_000_000) });
  });

  it("lists what a summary is about, at most a hundred", async () => {
    const of = Array.from({ length: 300 }, () => alertOf().message);
    const { stdin } = await given({ state: "summary", code: "several", of });
    const { alerts } = JSON.parse(stdin) as { alerts: unknown[] };
    expect(alerts).toHaveLength(100);
    expect(alerts[0]).toMatchObject({ code: "crash_looping", title: "web of hello keeps crashing" });
  });

  it("need not read what it is given", async () => {
    await commandChannel(["true"], run).send(alertOf({ text: "x".repeat(1_000_000) }), forEver);
  });

  it("that fails is told with what it said", async () => {
    const problem = await problemOf(
      commandChannel([node, "-e", `console.error("no such pager"); process.exit(3)`], run).send(
        alertOf(),
        forEver,
      ),
    );
    expect(problem).toMatchObject({
      code: "tool_failed",
      message: "node failed with exit code 3:\nno such pager",
    });
  });

  it("that is not there is told so", async () => {
    const problem = await problemOf(commandChannel(["mcp-no-such-pager"], run).send(alertOf(), forEver));
    expect(problem).toMatchObject({ code: "tool_missing" });
  });

  it("that floods is ended", async () => {
    const problem = await problemOf(commandChannel(["yes"], run).send(alertOf(), forEver));
    expect(problem).toMatchObject({ code: "tool_failed", message: "yes printed more than 262144 bytes" });
  });

  it("that hangs is ended with all that it started", async () => {
    const path = join(await newFolder(), "pid");
    const source = `const { pid } = require("node:child_process").spawn("sleep", ["60"]);
      require("node:fs").writeFileSync(process.argv[1], String(pid)); setInterval(() => {}, 1000)`;
    const problem = await problemOf(
      commandChannel([node, "-e", source, path], hasty).send(alertOf(), forEver),
    );
    expect(problem.code).toBe("tool_timeout");
    const pid = Number(await readFile(path, "utf8"));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});

async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !stat.includes(") Z ");
}
