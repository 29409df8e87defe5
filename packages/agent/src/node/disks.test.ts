import { FakeClock } from "@mcp/base/fake-clock";
import type { DiskFacts } from "@mcp/planner";
import { describe, expect, it } from "vitest";
import { Disks } from "./disks.ts";

const disk = (path: string): DiskFacts => ({
  use: "database",
  path,
  totalBytes: 100,
  availableBytes: 40,
  device: 1,
});

describe("it does not happen again that", () => {
  it("a disk that hangs holds up what is known of the others", async () => {
    const clock = new FakeClock();
    let asked = 0;
    const hung = Promise.withResolvers<DiskFacts[]>();
    const disks = new Disks(clock, async ({ path }) => {
      if (path !== "/dead") return [disk(path)];
      asked++;
      return hung.promise;
    });
    const folders = [
      { use: "vm images", path: "/dead" },
      { use: "database", path: "/srv" },
    ];
    for (let times = 0; times < 5; times++) {
      const facts = disks.facts(folders);
      await clock.advance(2_000);
      expect(await facts).toEqual({ disks: [disk("/srv")], unknown: [folders[0]] });
    }
    // Each question that hangs holds a thread.
    expect(asked).toBe(1);

    hung.resolve([disk("/dead")]);
    expect(await disks.facts(folders)).toEqual({ disks: [disk("/dead"), disk("/srv")], unknown: [] });
    expect(asked).toBe(1);
    await disks.facts(folders);
    expect(asked).toBe(2);
    expect(clock.sleeping).toBe(0);
  });
});
