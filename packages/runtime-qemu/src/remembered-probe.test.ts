import type { Probe } from "@mcp/runtime";
import { expect, it } from "vitest";
import { rememberedProbe } from "./remembered-probe.ts";

const { signal } = new AbortController();
const no: Probe = { ok: false, why: "qemu is not installed", hint: "install it" };
const yes = { ok: true, version: "QEMU 7.2" } as Probe;

it("a yes is remembered for ten seconds, a no not at all", async () => {
  const answers = [no, yes, no];
  let nowMs = 0;
  const probe = rememberedProbe(
    async () => answers.shift() as Probe,
    () => nowMs,
  );
  expect(await probe(signal)).toBe(no);
  expect(await probe(signal)).toBe(yes);
  nowMs = 9_999;
  expect(await probe(signal)).toBe(yes);
  nowMs = 10_000;
  expect(await probe(signal)).toBe(no);
});

it("one who has gone away gets no answer, remembered or not", async () => {
  const probe = rememberedProbe(async () => yes);
  await probe(signal);
  await expect(probe(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
});
