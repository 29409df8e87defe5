import { describe, expect, it } from "vitest";
import { exited, instance, missing, neverStarted, nowMs } from "../test/example.ts";
import { decideRestart, describeEnd, restartPauseMs } from "./restart.ts";

const always = { policy: "always" } as const;
const startedAgo = (ms: number) => instance("web.1", { startedAtMs: nowMs - ms });

describe("the pause between two starts", () => {
  it("is counted from the last start", () => {
    expect(decideRestart(always, startedAgo(restartPauseMs), exited(1), nowMs)).toMatchObject({
      do: "start",
    });
    expect(decideRestart(always, startedAgo(restartPauseMs - 1), exited(1), nowMs)).toEqual({
      do: "wait",
      untilMs: nowMs + 1,
      reason: "it exited with code 1 soon after its start",
    });
  });

  it("is not prolonged by a clock that was set back", () => {
    expect(decideRestart(always, startedAgo(-3_600_000), exited(1), nowMs)).toMatchObject({ do: "start" });
  });

  it("is none where no start was recorded", () => {
    expect(decideRestart(always, neverStarted("web.1"), missing, nowMs)).toEqual({
      do: "start",
      reason: "it is missing",
    });
  });
});

describe("what is left down", () => {
  it("comes with why", () => {
    const spent = instance("web.1", { restarts: 3 });
    const reasonFor = (policy: Parameters<typeof decideRestart>[0], code: number): string =>
      decideRestart(policy, spent, exited(code), nowMs).reason;
    expect(reasonFor({ policy: "no" }, 1)).toBe('it exited with code 1; its restart policy is "no"');
    expect(reasonFor({ policy: "on-failure" }, 0)).toBe("it exited with code 0, which is not a failure");
    expect(reasonFor({ policy: "on-failure", maxRetries: 3 }, 1)).toBe(
      "it exited with code 1, after 3 restarts, the most it may have",
    );
  });

  it("is not what ended without a code, since that is no success", () => {
    const seen = { state: "exited", specHash: "v2" } as const;
    expect(decideRestart({ policy: "on-failure" }, instance("web.1"), seen, nowMs)).toMatchObject({
      do: "start",
    });
  });
});

describe("an end in words", () => {
  it.each([
    ["it exited with code 7", exited(7)],
    ["it exited", { state: "exited", specHash: "v2" }],
    ["it exited", { state: "exited", specHash: "v2", exit: { atMs: 0, reason: "unknown" } }],
    [
      "it ran out of memory",
      { state: "exited", specHash: "v2", exit: { atMs: 0, code: 137, reason: "out-of-memory" } },
    ],
    ["it is missing", missing],
    ["it was never started", { state: "created", specHash: "v2" }],
  ] as const)("is: %s", (text, seen) => {
    expect(describeEnd(seen)).toBe(text);
  });
});
