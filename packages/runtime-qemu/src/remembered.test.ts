import type { Probe } from "@mcp/runtime";
import { expect, it } from "vitest";
import { remembered } from "./remembered.ts";

const { signal } = new AbortController();
const no: Probe = { ok: false, why: "qemu is not installed", hint: "install it" };
const yes = { ok: true, version: "QEMU 7.2" } as Probe;

it("a yes is remembered for ten seconds, a no not at all", async () => {
  const answers = [no, yes, no];
  let nowMs = 0;
  const probe = remembered(async () => answers.shift() as Probe, { now: () => nowMs });
  expect(await probe(signal)).toBe(no);
  expect(await probe(signal)).toBe(yes);
  nowMs = 9_999;
  expect(await probe(signal)).toBe(yes);
  nowMs = 10_000;
  expect(await probe(signal)).toBe(no);
});

it("one who has gone away gets no answer, remembered or not", async () => {
  const probe = remembered(async () => yes);
  await probe(signal);
  await expect(probe(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
});

it("who asks while it is being found out waits for the same answer", async () => {
  let asked = 0;
  const answer = Promise.withResolvers<Probe>();
  const probe = remembered(() => {
    asked++;
    return answer.promise;
  });
  const leaves = new AbortController();
  const both = [probe(leaves.signal), probe(signal)] as const;
  leaves.abort(new Error("gone"));
  await expect(both[0]).rejects.toThrow("gone");
  answer.resolve(yes);
  expect(await both[1]).toBe(yes);
  expect(asked).toBe(1);
});
