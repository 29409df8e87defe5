import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import type { Capabilities } from "@mcp/runtime";
import { expect, it } from "vitest";
import { Host, type HostFacts } from "./host.ts";
import { probeKind } from "./probe.ts";

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
