import { FakeClock } from "@mcp/base/fake-clock";
import { beforeEach, describe, expect, it } from "vitest";
import { Turns } from "./turns.ts";

const limits = { quick: { inAll: 4, perService: 3 }, slow: { inAll: 6, perService: 3 } };
const slowAfterMs = 1_000;

let clock: FakeClock;
let turns: Turns;
/** What is under way, by service. */
let underWay: string[];
let mostAtOnce: number;
/** What has begun, in order. */
let begun: string[];
beforeEach(() => {
  clock = new FakeClock();
  turns = new Turns(clock, limits);
  underWay = [];
  begun = [];
  mostAtOnce = 0;
});

/** Takes so long; whether that was long. */
async function ask(service: string, ms: number, wasSlow = false): Promise<boolean> {
  const { isSlow } = await turns.take(service, { wasSlow, slowAfterMs }, async () => {
    begun.push(service);
    underWay.push(service);
    mostAtOnce = Math.max(mostAtOnce, underWay.length);
    await clock.sleep(ms);
    underWay.splice(underWay.indexOf(service), 1);
  });
  return isSlow;
}

function askOften(times: number, service: string, ms: number, wasSlow = false): Promise<boolean[]> {
  return Promise.all(Array.from({ length: times }, () => ask(service, ms, wasSlow)));
}

const hangsMs = 60_000;

describe("whose turn it is", () => {
  it("goes round the services, however many of one wait", async () => {
    void askOften(20, "busy", 100);
    void ask("calm", 100);
    void ask("other", 100);
    await clock.advance(100);
    expect(begun.slice(0, 6)).toEqual(["busy", "busy", "busy", "calm", "busy", "other"]);
  });

  it("is kept from one service by no other that hangs for the first time", async () => {
    void askOften(3, "hung", hangsMs);
    void ask("calm", 100);
    void ask("late", 100);
    await clock.advance(200);
    expect(begun).toEqual(["hung", "hung", "hung", "calm", "late"]);
  });

  it("is handed on by what takes long, and that is told", async () => {
    const hung = [askOften(3, "one", hangsMs), askOften(1, "two", hangsMs)];
    const calm = ask("calm", 100);
    await clock.advance(slowAfterMs - 1);
    expect(begun).not.toContain("calm");
    await clock.advance(1);
    expect(begun).toContain("calm");
    await clock.advance(hangsMs);
    expect(await calm).toBe(false);
    expect((await Promise.all(hung)).flat()).toEqual([true, true, true, true]);
  });

  it("is soon that of one that answers, though others hang again and again in more services than there are places", async () => {
    for (const service of ["a", "b", "c", "d"]) void askOften(3, service, hangsMs, true);
    await clock.advance(0);
    expect(underWay).toHaveLength(limits.slow.inAll);
    const calm = askOften(8, "calm", 100);
    await clock.advance(300);
    expect(await calm).toEqual(Array.from({ length: 8 }, () => false));
  });

  it("is handed on later where there is no slow place yet, as soon as there is one", async () => {
    for (const service of ["a", "b"]) void askOften(3, service, 5_000, true);
    void askOften(3, "new", hangsMs);
    void ask("new too", hangsMs);
    void ask("calm", 100);
    await clock.advance(4_999);
    expect(begun).not.toContain("calm");
    await clock.advance(1);
    expect(begun).toContain("calm");
  });

  it("never comes to more at once than there are places", async () => {
    for (let round = 0; round < 3; round++)
      for (const service of ["a", "b", "c", "d", "e"]) {
        void askOften(4, service, 3_000, round === 1);
        void askOften(2, service, 50);
      }
    for (let times = 0; times < 400; times++) await clock.advance(250);
    expect(begun).toHaveLength(90);
    expect(mostAtOnce).toBe(limits.quick.inAll + limits.slow.inAll);
    expect(underWay).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });

  it("comes again after what failed", async () => {
    const failing = () =>
      turns.take("a", { wasSlow: false, slowAfterMs }, () => Promise.reject(new Error("no")));
    for (let times = 0; times < 10; times++) await expect(failing()).rejects.toThrow("no");
    expect(await ask("a", 0)).toBe(false);
    expect(clock.sleeping).toBe(0);
  });
});
