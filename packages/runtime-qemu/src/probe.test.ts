import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import type { Capabilities } from "@mcp/runtime";
import { expect, it } from "vitest";
import { Host, type HostFacts } from "./host.ts";
import { findKindFacts, probeKind } from "./probe.ts";

const { signal } = new AbortController();

it("a state folder that is another by now is told of at once, whatever else is remembered", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mcpt-"));
  try {
    const stateDir = join(folder, "vm-state");
    const real = new Host({ stateDir, imageDir: folder, accel: "tcg", user: "", run });
    const known = { qemu: { version: "7.2" }, user: undefined, accel: { accel: "tcg" } } as HostFacts;
    const host = { facts: async () => known, store: () => real.store() };
    const kindFacts = async () => ({ ok: true, version: "linux 6.1", can: {} as Capabilities }) as const;
    const storeNow = async () => {
      const probe = await probeKind({ leastMemoryMiB: 64 }, kindFacts, host, signal);
      return probe.ok ? probe.store : probe.why;
    };
    const first = await storeNow();
    expect(await storeNow()).toBe(first);
    // As an unmounted disk leaves it.
    await rename(stateDir, join(folder, "away"));
    await mkdir(stateDir);
    expect(await storeNow()).not.toBe(first);
    await rm(stateDir, { recursive: true });
    await rename(join(folder, "away"), stateDir);
    expect(await storeNow()).toBe(first);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it("what a guest cannot have is told with why: by its kind, and by whether it may connect out", async () => {
  const can = async (kind: "microvm" | "unikernel", mayConnectOut: boolean) => {
    const builder = { kind, probe: async () => ({ ok: true, version: "1" }) as const };
    const facts = await findKindFacts(builder, mayConnectOut, signal);
    return facts.ok ? facts.can : undefined;
  };
  expect((await can("unikernel", false))?.readOnlyVolumes).toMatchObject({ ok: false, byNature: true });
  expect((await can("microvm", false))?.readOnlyVolumes).toBeUndefined();
  for (const kind of ["microvm", "unikernel"] as const) {
    const udpAnswers = { ok: false, byNature: true, why: expect.stringContaining("[vm] user_net_outbound") };
    expect((await can(kind, false))?.udpAnswers).toEqual(udpAnswers);
    expect((await can(kind, true))?.udpAnswers).toEqual({ ok: true });
  }
});
