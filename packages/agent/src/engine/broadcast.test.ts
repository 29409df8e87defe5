import { describe, expect, it } from "vitest";
import { Broadcast } from "./broadcast.ts";

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe("a broadcast", () => {
  it("gives each listener everything from the moment it began to listen, in order", async () => {
    const broadcast = new Broadcast<number>();
    const never = new AbortController().signal;
    const early = broadcast.listen(never);
    broadcast.send(1);
    const late = broadcast.listen(never);
    broadcast.send(2);
    broadcast.close();
    expect(await collect(early)).toEqual([1, 2]);
    expect(await collect(late)).toEqual([2]);
  });

  it("forgets a listener whose signal aborts", async () => {
    const broadcast = new Broadcast<number>();
    const leaving = new AbortController();
    const listening = collect(broadcast.listen(leaving.signal));
    broadcast.send(1);
    leaving.abort();
    broadcast.send(2);
    expect(await listening).toEqual([1]);
    expect(broadcast.listeners).toBe(0);
  });

  it("drops a listener that never reads, instead of keeping everything for it", async () => {
    const broadcast = new Broadcast<number>();
    const values = broadcast.listen(new AbortController().signal);
    for (let n = 0; n < 20_000; n++) broadcast.send(n);
    expect(broadcast.listeners).toBe(0);
    await expect(collect(values)).rejects.toMatchObject({ code: "timed_out" });
  });
});
