import { describe, expect, it } from "vitest";
import { instance, missing, nowMs } from "../test/example.ts";
import type { Instance } from "./goal.ts";
import type { Sighting } from "./observation.ts";
import { decideRestart } from "./restart.ts";

const hourMs = 3_600_000;

describe("what a reboot cut off", () => {
  const unseen = { atMs: nowMs, reason: "unknown" } as const;
  const shutDownAtMs = nowMs - hourMs;
  const ended = (atMs: number, code: number): Sighting => ({
    state: "exited",
    specHash: "v2",
    exit: { atMs, code, reason: "exited" },
  });
  const wasCutOff = { shutDownAtMs };
  const cutOff = (sighting: Sighting, more: Partial<Instance> = {}): [Instance, Sighting] => [
    instance("web.1", { startedAtMs: nowMs - 10, quickEnds: 4, restarts: 7, wasCutOff, ...more }),
    sighting,
  ];
  const found: readonly Sighting[] = [
    missing,
    { state: "created", specHash: "v2" },
    { state: "exited", specHash: "v2" },
    { state: "exited", specHash: "v2", exit: unseen },
    // What a machine that is shut down in order asks to end.
    ended(shutDownAtMs, 0),
    ended(shutDownAtMs - 10_000, 143),
    ended(shutDownAtMs + 120_000, 1),
  ];

  it("is started at once, however short its life was, and nothing is counted", () => {
    for (const sighting of found)
      expect(decideRestart({ policy: "always" }, ...cutOff(sighting), nowMs)).toEqual({
        do: "start",
        quickEnds: 4,
        reason: "the machine was booted",
        uncounted: "booted",
      });
  });

  it("is started whatever its policy says of ends of its own", () => {
    const restarts = [{ policy: "no" }, { policy: "on-failure", maxRetries: 1 }] as const;
    for (const restart of restarts)
      for (const sighting of found)
        expect(decideRestart(restart, ...cutOff(sighting), nowMs)).toMatchObject({ do: "start" });
  });

  it("is judged as always if it had ended by itself, long before the shutdown or long after it", () => {
    for (const atMs of [shutDownAtMs - 10_001, shutDownAtMs + 120_001])
      expect(decideRestart({ policy: "no" }, ...cutOff(ended(atMs, 0)), nowMs).do).toBe("leave");
    const unseen = { wasCutOff: {} };
    expect(decideRestart({ policy: "no" }, ...cutOff(ended(shutDownAtMs, 0), unseen), nowMs).do).toBe(
      "leave",
    );
  });
});
