import { expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import { Patience } from "./patience.ts";

it("what answers in time is the answer, and nothing is left waiting", async () => {
  const clock = new FakeClock();
  const patience = new Patience<number>(clock, 2_000);
  expect(await patience.ask("a", async () => 1)).toBe(1);
  expect(await patience.ask("a", async () => 2)).toBe(2);
  await expect(patience.ask("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(clock.sleeping).toBe(0);
});

it("what hangs is waited for so long, and not asked again before it has answered", async () => {
  const clock = new FakeClock();
  const patience = new Patience<number>(clock, 2_000);
  const hung = Promise.withResolvers<number>();
  let asked = 0;
  const question = () => {
    asked++;
    return hung.promise;
  };
  for (let times = 0; times < 3; times++) {
    const answer = patience.ask("dead", question);
    await clock.advance(1_999);
    expect(await Promise.race([answer, "not yet"])).toBe("not yet");
    await clock.advance(1);
    expect(await answer).toBeUndefined();
    // Others are asked meanwhile.
    expect(await patience.ask("alive", async () => 7)).toBe(7);
  }
  expect(asked).toBe(1);
  const joined = patience.ask("dead", question);
  hung.resolve(5);
  expect(await joined).toBe(5);
  expect(asked).toBe(1);
  await patience.ask("dead", question);
  expect(asked).toBe(2);
});

it("a question that fails after its time is nobody's failure", async () => {
  const clock = new FakeClock();
  const patience = new Patience<number>(clock, 2_000);
  const hung = Promise.withResolvers<number>();
  const answer = patience.ask("dead", () => hung.promise);
  await clock.advance(2_000);
  expect(await answer).toBeUndefined();
  // Unheard, it would end this process.
  hung.reject(new Error("its server is gone"));
  await new Promise((resolve) => setImmediate(resolve));
  await expect(patience.ask("dead", () => Promise.reject(new Error("asked anew")))).rejects.toThrow(
    "asked anew",
  );
});
