import { afterEach, describe, expect, it } from "vitest";
import { type FakeHost, FakeRuntime } from "../fake/index.ts";
import { openFakeRig } from "../fake/rig.ts";
import type { Runtime } from "../runtime.ts";
import { Bench } from "./bench.ts";
import type { Rig } from "./rig.ts";
import { type Rule, type RuleName, rules } from "./rules/index.ts";

type Sabotage = (runtime: FakeRuntime, host: FakeHost) => Partial<Runtime>;

/** Ways of being wrong, each with a rule that must notice. */
const sabotages: readonly [what: string, rule: RuleName, sabotage: Sabotage][] = [
  [
    "forgets what it has started",
    "a restarted agent sees everything that its former self started",
    () => ({ inspect: async () => undefined }),
  ],
  [
    "starts a second one",
    "starting twice with the same spec changes nothing",
    (runtime) => ({
      start: async (spec, signal) => {
        await runtime.remove(spec.name, signal);
        return runtime.start(spec, signal);
      },
    }),
  ],
  [
    "replaces what has another spec",
    "another spec under the same name is refused, and what runs is left alone",
    (runtime) => ({
      start: async (spec, signal) => {
        const found = await runtime.inspect(spec.name, signal);
        if (found && found.labels.specHash !== spec.labels.specHash) await runtime.remove(spec.name, signal);
        return runtime.start(spec, signal);
      },
    }),
  ],
  [
    "removes what it stops",
    "what is stopped is kept until it is removed",
    (runtime) => ({ stop: (name, _options, signal) => runtime.remove(name, signal) }),
  ],
  [
    "kills at once",
    "stop asks before it kills",
    (_runtime, host) => ({ stop: async (name) => host.exit(name, 137, "signal") }),
  ],
  [
    "kills at once",
    "stop kills what does not listen, but not before its grace is over",
    (_runtime, host) => ({ stop: async (name) => host.exit(name, 137, "signal") }),
  ],
  [
    "ignores tail",
    "logs tail gives only the last lines",
    (runtime) => ({ logs: (name, { tail: _, ...options }, signal) => runtime.logs(name, options, signal) }),
  ],
  [
    "ignores since",
    "logs since leaves out what is older",
    (runtime) => ({
      logs: (name, { sinceMs: _, ...options }, signal) => runtime.logs(name, options, signal),
    }),
  ],
  [
    "mixes the streams up",
    "logs tell each line with its stream and its time, in order",
    (runtime) => ({
      async *logs(name, options, signal) {
        for await (const line of runtime.logs(name, options, signal)) yield { ...line, stream: "stdout" };
      },
    }),
  ],
  [
    "is silent about exits",
    "an exit is told within a second",
    (runtime) => ({
      async *events(signal) {
        for await (const event of runtime.events(signal)) if (event.what !== "exited") yield event;
      },
    }),
  ],
  [
    "reads any handle",
    "a handle of a later version is refused, not guessed at",
    (runtime) => ({ recover: (handle, signal) => runtime.recover({ ...handle, v: 1 }, signal) }),
  ],
  [
    "hides errors behind an empty answer",
    "what is already aborted rethrows the reason",
    (runtime) => ({ list: (signal) => runtime.list(signal).catch(() => []) }),
  ],
];

describe("the conformance suite", () => {
  let rig: Rig | undefined;
  afterEach(() => rig?.close());

  it.each(sabotages)("notices a runtime that %s: %s", async (_what, rule, sabotage) => {
    rig = await openFakeRig((host) => sabotaged(host, sabotage));
    const bench = new Bench(rig, AbortSignal.timeout(15_000));
    const check: Rule = rules[rule];
    await expect(check(bench)).rejects.toThrow();
  });
});

function sabotaged(host: FakeHost, sabotage: Sabotage): Runtime {
  const runtime = new FakeRuntime(host);
  const changes = sabotage(runtime, host);
  return new Proxy<Runtime>(runtime, {
    get(target, key) {
      const value = changes[key as keyof Runtime] ?? target[key as keyof Runtime];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
