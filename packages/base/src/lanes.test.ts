import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import { Lanes } from "./lanes.ts";

/** Works that write down when they begin and end. */
function diary(clock: FakeClock) {
  const lines: string[] = [];
  const work = (name: string, ms: number) => async () => {
    lines.push(`${name} begins`);
    await clock.sleep(ms);
    lines.push(`${name} ends`);
    return name;
  };
  return { lines, work };
}

describe("lanes", () => {
  it("run one at a time per key, in the order of asking", async () => {
    const [clock, lanes] = [new FakeClock(), new Lanes()];
    const { lines, work } = diary(clock);
    const results = Promise.all([
      lanes.run("a", work("first", 30)),
      lanes.run("a", work("second", 10)),
      lanes.run("a", work("third", 20)),
    ]);
    await clock.advance(60);
    expect(await results).toEqual(["first", "second", "third"]);
    expect(lines).toEqual([
      "first begins",
      "first ends",
      "second begins",
      "second ends",
      "third begins",
      "third ends",
    ]);
  });

  it("run different keys side by side", async () => {
    const [clock, lanes] = [new FakeClock(), new Lanes()];
    const { lines, work } = diary(clock);
    void lanes.run("a", work("a", 10));
    void lanes.run("b", work("b", 10));
    await clock.advance(10);
    expect(lines).toEqual(["a begins", "b begins", "a ends", "b ends"]);
  });

  it("give a failure to who asked for it, and go on with the next", async () => {
    const lanes = new Lanes();
    const failing = lanes.run("a", async () => Promise.reject(new Error("no")));
    const throwing = lanes.run("a", () => {
      throw new Error("not even begun");
    });
    const next = lanes.run("a", async () => "yes");
    await expect(failing).rejects.toThrow("no");
    await expect(throwing).rejects.toThrow("not even begun");
    expect(await next).toBe("yes");
  });

  it("are busy while something runs or waits, and leave nothing behind", async () => {
    const [clock, lanes] = [new FakeClock(), new Lanes()];
    const { work } = diary(clock);
    expect(lanes.isBusy("a")).toBe(false);
    void lanes.run("a", work("first", 10));
    void lanes.run("a", work("second", 10));
    expect(lanes.isBusy("a")).toBe(true);
    expect(lanes.isBusy("b")).toBe(false);
    await clock.advance(15);
    expect(lanes.isBusy("a")).toBe(true);
    await clock.advance(5);
    expect(lanes.isBusy("a")).toBe(false);
  });

  it("are idle once all has ended, also what was added meanwhile, and what failed", async () => {
    const [clock, lanes] = [new FakeClock(), new Lanes()];
    const { lines, work } = diary(clock);
    await lanes.idle();
    void lanes.run("a", async () => {
      await work("first", 10)();
      void lanes.run("b", work("added", 10));
    });
    lanes.run("c", async () => Promise.reject(new Error("no"))).catch(() => {});
    const idle = lanes.idle().then(() => lines.push("idle"));
    await clock.advance(100);
    await idle;
    expect(lines).toEqual(["first begins", "first ends", "added begins", "added ends", "idle"]);
  });
});
