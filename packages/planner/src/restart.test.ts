import { describe, expect, it } from "vitest";
import { instance, missing, neverStarted, nowMs } from "../test/example.ts";
import type { Instance } from "./goal.ts";
import type { Sighting } from "./observation.ts";
import { decideRestart, describeEnd, orderlyFromMs, stableMs } from "./restart.ts";

const always = { policy: "always" } as const;
const hourMs = 3_600_000;

/** Of an instance that lived for `livedMs` and ended `agoMs` before now. */
const life = (livedMs: number, agoMs: number, more: Partial<Instance> = {}): [Instance, Sighting] => [
  instance("web.1", { startedAtMs: nowMs - agoMs - livedMs, ...more }),
  { state: "exited", specHash: "v2", exit: { atMs: nowMs - agoMs, code: 1, reason: "exited" } },
];
const decide = ([made, seen]: [Instance, Sighting], atMs = nowMs) => decideRestart(always, made, seen, atMs);

describe("what ended by itself", () => {
  it("is started again at once, the first time, however short its life was", () => {
    expect(decide(life(1, 0))).toEqual({ do: "start", quickEnds: 1, reason: "it exited with code 1" });
  });

  it("is started at once after a life that was long enough, and the count begins anew", () => {
    expect(decide(life(stableMs, 0, { quickEnds: 9 }))).toMatchObject({ do: "start", quickEnds: 0 });
    expect(decide(life(stableMs - 1, 0, { quickEnds: 9 }))).toMatchObject({ do: "wait", quickEnds: 10 });
  });

  it("waits twice as long each time its life was too short, five minutes at most", () => {
    const most = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((seconds) => seconds * 1_000);
    for (const [index, mostMs] of most.entries()) {
      const decision = decide(life(100, 0, { quickEnds: index + 1, restarts: index + 1 }));
      if (decision.do !== "wait") throw new Error("it does not wait");
      expect(decision.untilMs - nowMs).toBeGreaterThanOrEqual(mostMs / 2);
      expect(decision.untilMs - nowMs).toBeLessThanOrEqual(mostMs);
    }
    expect(decide(life(100, 0, { quickEnds: 5_000 })).do).toBe("wait");
  });

  it("waits after clean exits, too, where its policy is to start it again", () => {
    const [made] = life(100, 0, { quickEnds: 3 });
    const seen = {
      state: "exited",
      specHash: "v2",
      exit: { atMs: nowMs, code: 0, reason: "exited" },
    } as const;
    for (const policy of ["always", "unless-stopped"] as const)
      expect(decideRestart({ policy }, made, seen, nowMs)).toMatchObject({ do: "wait", quickEnds: 4 });
  });

  it("counts running out of memory like any other end", () => {
    const [made] = life(100, 0, { quickEnds: 3 });
    const exit = { atMs: nowMs, code: 137, reason: "out-of-memory" } as const;
    expect(decide([made, { state: "exited", specHash: "v2", exit }])).toMatchObject({
      do: "wait",
      reason: "it ran out of memory, 4 times in a row soon after its start",
    });
  });

  it("says how often it ended", () => {
    expect(decide(life(1, 0, { quickEnds: 4 })).reason).toBe(
      "it exited with code 1, 5 times in a row soon after its start",
    );
  });

  it("waits from its end on, and not for longer than that", () => {
    const lived = 20_000;
    const decision = decide(life(lived, 0, { quickEnds: 1 }));
    if (decision.do !== "wait") throw new Error("it does not wait");
    const pauseMs = decision.untilMs - nowMs;
    expect(decide(life(lived, pauseMs - 1, { quickEnds: 1 })).do).toBe("wait");
    expect(decide(life(lived, pauseMs, { quickEnds: 1 })).do).toBe("start");
  });

  it("waits equally long whenever it is asked, and not in step with others", () => {
    const untilOf = (name: string, restarts: number) => {
      const [made, seen] = life(1, 0, { quickEnds: 8, restarts });
      return decide([{ ...made, name }, seen]);
    };
    expect(untilOf("web.1", 8)).toEqual(untilOf("web.1", 8));
    const untils = Array.from({ length: 100 }, (_, index) => untilOf(`web.${index}`, 8));
    expect(
      new Set(untils.map((decision) => decision.do === "wait" && decision.untilMs)).size,
    ).toBeGreaterThan(95);
    expect(untilOf("web.1", 8)).not.toEqual(untilOf("web.1", 9));
  });
});

describe("what is missing", () => {
  it("counts as well, from its start on where nobody saw it end", () => {
    const made = instance("web.1", { startedAtMs: nowMs - 400, quickEnds: 1 });
    const decision = decide([made, missing]);
    expect(decision).toMatchObject({ do: "wait", quickEnds: 2 });
    expect(decision.do === "wait" && decision.untilMs).toBeLessThanOrEqual(nowMs + 600);
  });

  it("waits as long as any other where its end was seen", () => {
    const lastExit = { atMs: nowMs - 70_000, reason: "unknown" } as const;
    const made = instance("web.1", { startedAtMs: nowMs - 70_100, quickEnds: 9, lastExit });
    expect(decide([made, missing])).toMatchObject({ do: "wait", quickEnds: 10 });
    // Of the life before: it says nothing of this one.
    const older = { ...made, startedAtMs: nowMs - 60_000 };
    expect(decide([older, missing])).toMatchObject({ do: "start", quickEnds: 0 });
  });

  it("is started at once where no start was recorded", () => {
    expect(decide([neverStarted("web.1"), missing])).toMatchObject({ do: "start", reason: "it is missing" });
  });
});

describe("a clock that was set", () => {
  const waiting = life(100, 0, { quickEnds: 8 });

  it("back while it waits delays nothing", () => {
    expect(decide(waiting, nowMs - hourMs)).toMatchObject({ do: "start", quickEnds: 9 });
  });

  it("back makes no busy loop: what is started by the new time waits again", () => {
    expect(decide(life(100, 0, { quickEnds: 9 }))).toMatchObject({ do: "wait", quickEnds: 10 });
    // Started before, ended after.
    expect(decide(life(-hourMs, 0, { quickEnds: 9 }))).toMatchObject({ do: "wait", quickEnds: 10 });
  });

  it("forward while it waits ends the pause once", () => {
    expect(decide(waiting, nowMs + hourMs)).toMatchObject({ do: "start", quickEnds: 9 });
  });

  it("forward during a life makes that life long, once", () => {
    expect(decide(life(hourMs, 0, { quickEnds: 8 }))).toMatchObject({ do: "start", quickEnds: 0 });
    expect(decide(life(100, 0, { quickEnds: 1 }))).toMatchObject({ do: "wait", quickEnds: 2 });
  });

  it.each([hourMs, -hourMs])("and differs from its runtime's by %i ms makes no busy loop either", (ms) => {
    const [made, seen] = life(100, 0, { quickEnds: 8 });
    if (seen.state !== "exited" || !seen.exit) throw new Error("it did not exit");
    const skewed: Sighting = { ...seen, exit: { ...seen.exit, atMs: seen.exit.atMs + ms } };
    expect(decide([made, skewed])).toMatchObject({ do: "wait", quickEnds: 9 });
  });
});

describe("what is left down", () => {
  it("comes with why", () => {
    const reasonFor = (policy: Parameters<typeof decideRestart>[0], code: number): string => {
      const exit = { atMs: nowMs, code, reason: "exited" } as const;
      const seen = { state: "exited", specHash: "v2", exit } as const;
      return decideRestart(policy, instance("web.1", { restarts: 3 }), seen, nowMs).reason;
    };
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
  const exitedWith = (exit: { code?: number; reason: "exited" | "unknown" | "out-of-memory" }): Sighting => ({
    state: "exited",
    specHash: "v2",
    exit: { atMs: 0, ...exit },
  });

  it.each<[string, Sighting]>([
    ["it exited with code 7", exitedWith({ code: 7, reason: "exited" })],
    ["it exited", { state: "exited", specHash: "v2" }],
    ["it exited", exitedWith({ reason: "unknown" })],
    ["it ran out of memory", exitedWith({ code: 137, reason: "out-of-memory" })],
    ["it is missing", missing],
    ["it was never started", { state: "created", specHash: "v2" }],
  ])("is: %s", (text, seen) => {
    expect(describeEnd(seen)).toBe(text);
  });
});

describe("an orderly end, as by podman stop", () => {
  const ended = (code: number, livedMs: number, more: Partial<Instance> = {}): [Instance, Sighting] => {
    const reason = code > 128 ? "signal" : "exited";
    const [made] = life(livedMs, 0, more);
    return [made, { state: "exited", specHash: "v2", exit: { atMs: nowMs, code, reason } }];
  };

  it("of what has lived for ten seconds is no failure: it is started at once, and that is no restart", () => {
    for (const code of [0, 143])
      for (const policy of ["always", "unless-stopped"] as const)
        expect(decideRestart({ policy }, ...ended(code, orderlyFromMs, { quickEnds: 1 }), nowMs)).toEqual({
          do: "start",
          quickEnds: 2,
          reason: `it exited with code ${code}`,
          uncounted: "orderly",
        });
  });

  it("of a life that was long enough ends a count of quick ends, as any end does", () => {
    expect(decide(ended(143, stableMs, { quickEnds: 4 }))).toMatchObject({
      quickEnds: 0,
      uncounted: "orderly",
    });
  });

  it("soon after the start, and again and again, is slowed down as a crash loop, though it never is a restart", () => {
    for (const code of [0, 143]) {
      const [made, sighting] = ended(code, stableMs - 1, { quickEnds: 2 });
      const decision = decideRestart(always, made, sighting, nowMs);
      if (decision.do !== "wait") throw new Error(`it is not slowed down: ${decision.do}`);
      expect(decision.quickEnds).toBe(3);
      expect(decideRestart(always, made, sighting, decision.untilMs)).toMatchObject({
        do: "start",
        uncounted: "orderly",
      });
    }
  });

  it("right after the start is slowed down as any other: a program may end itself so, again and again", () => {
    for (const code of [0, 143])
      expect(decide(ended(code, orderlyFromMs - 1, { quickEnds: 2 }))).toMatchObject({
        do: "wait",
        quickEnds: 3,
      });
  });

  it("uses up none of the restarts that a policy allows, and is a success to it only with code 0", () => {
    const policy = { policy: "on-failure", maxRetries: 1 } as const;
    const of = (code: number) => decideRestart(policy, ...ended(code, hourMs, { restarts: 1 }), nowMs);
    expect(of(143)).toMatchObject({ do: "start", uncounted: "orderly" });
    expect(of(0)).toMatchObject({ do: "leave" });
    expect(of(1)).toMatchObject({ do: "leave" });
  });

  it("leaves down what is never to be restarted", () => {
    expect(decideRestart({ policy: "no" }, ...ended(143, hourMs), nowMs).do).toBe("leave");
  });

  it.each([1, 137, 130])("is not one with code %d", (code) => {
    expect(decide(ended(code, orderlyFromMs))).toEqual({
      do: "start",
      quickEnds: 1,
      reason: `it exited with code ${code}`,
    });
  });

  it("is none for lack of memory, or of what nobody saw end", () => {
    const [made] = life(orderlyFromMs, 0);
    const exits = [
      { atMs: nowMs, code: 143, reason: "out-of-memory" } as const,
      { atMs: nowMs, code: 0, reason: "crashed" } as const,
      undefined,
    ];
    for (const exit of exits)
      expect(decide([made, { state: "exited", specHash: "v2", ...(exit && { exit }) }])).not.toHaveProperty(
        "uncounted",
      );
  });

  it("says nothing where it was stopped to be started again", () => {
    expect(decideRestart(always, ...ended(143, orderlyFromMs), nowMs, true)).toEqual({
      do: "start",
      quickEnds: 1,
      reason: "it exited with code 143",
    });
  });
});
