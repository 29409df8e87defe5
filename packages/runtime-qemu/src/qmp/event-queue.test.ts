import { describe, expect, it } from "vitest";
import { EventQueue } from "./event-queue.ts";

const event = (name: string) => ({ event: name, data: {}, atMs: 0 });

describe("a queue of events", () => {
  it("gives what came before and after it was asked, in order, and then ends", async () => {
    const queue = new EventQueue(() => {});
    queue.push(event("one"));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { event } of queue) seen.push(event);
    })();
    await Promise.resolve();
    queue.push(event("two"));
    queue.end();
    await reading;
    expect(seen).toEqual(["one", "two"]);
  });

  it("throws why it was ended, after what came before that, once", async () => {
    const queue = new EventQueue(() => {});
    queue.push(event("one"));
    queue.end(new Error("lost"));
    expect(await queue.next()).toMatchObject({ value: { event: "one" } });
    await expect(queue.next()).rejects.toThrow("lost");
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  it("takes no more than 1 000 that nobody reads", () => {
    const queue = new EventQueue(() => {});
    for (let count = 0; count < 1_000; count++) expect(queue.push(event("x"))).toBe(true);
    expect(queue.push(event("x"))).toBe(false);
  });

  it("tells whoever fills it when nobody reads any more", async () => {
    let left = false;
    const queue = new EventQueue(() => {
      left = true;
    });
    queue.push(event("one"));
    for await (const _ of queue) break;
    expect(left).toBe(true);
    expect(queue.push(event("two"))).toBe(false);
  });
});
