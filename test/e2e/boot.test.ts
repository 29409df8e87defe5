import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ConfiguredStage } from "../../packages/agent/src/boot/stage.ts";
import { listener } from "../../packages/agent/test/machine.ts";
import { openRig, type Rig } from "../../packages/agent/test/rig.ts";
import {
  endProcessesOf,
  removeMounts,
  removeRuntimeState,
} from "../../packages/runtime-podman/test/rig-leftovers.ts";
import { withRig } from "../../packages/runtime-podman/test/with-rig.ts";

const at = withRig();

const begins = "mkdir -p /tmp; echo no >/tmp/ready; sleep 1; echo yes >/tmp/ready; exec sleep 1000";

const definition = (service: string, script: string, more = "") => `
name = "${service}"
[[components]]
name = "${service}"
image = "${at.rig.image}"
entrypoint = ["/bin/sh", "-c"]
cmd = ["${script}"]
grace = "300ms"
start_period = "0s"
${more}
`;

const stage = (name: string, services: string[], more: Partial<ConfiguredStage> = {}): ConfiguredStage => ({
  name,
  services,
  timeoutMs: 60_000,
  blocks: name === "foundation",
  definitions: [],
  ...more,
});

/** All processes die at once, and what is in memory is gone. */
async function losePower(): Promise<void> {
  await at.rig.service.kill();
  await endProcessesOf(at.rig.folder, 0);
  await removeMounts(at.rig.folder);
  for (const name of ["run", "tmp", "xdg"]) {
    await rm(join(at.rig.folder, name), { recursive: true, force: true });
    await mkdir(join(at.rig.folder, name), { mode: 0o700 });
  }
  await removeRuntimeState(at.rig.folder);
  await at.rig.service.start();
}

const countRunning = async (rig: Rig) =>
  (await rig.client.status({})).services.filter(
    ({ components: [component] }) => component?.drift.length === 0,
  ).length;

/** In the order in which they were started. */
const instancesOf = async (rig: Rig) =>
  (await rig.life.registry.services())
    .flatMap(({ instances }) => instances)
    .map(({ service, restarts, startedAtMs = 0 }) => ({ service, restarts, startedAtMs }))
    .sort((a, b) => a.startedAtMs - b.startedAtMs);

describe("containers after a reboot of the machine", () => {
  it("come back in the order of the stages, each when the one before is healthy", async () => {
    const first = at.rig.connect();
    let bootId = "one";
    await using rig = await openRig({
      bootId: async () => bootId,
      intervalMs: 2_000,
      runtimes: [{ name: "podman", runtime: first.runtime }],
      images: first.images,
    });
    // Asked inside: what forwards a port outlives the power here, as it does not on a machine.
    const health =
      'health = { exec = ["/bin/sh", "-c", "read ready </tmp/ready && test $ready = yes"], interval = "500ms" }';
    const ids = definition("ids", begins, health);
    for (const toml of [
      definition("other", "exec sleep 1000"),
      definition("web", "exec sleep 1000"),
      definition("mcr", "exec sleep 1000"),
      ids,
    ]) {
      const { problem } = await rig.deploy(toml);
      expect(problem?.message).toBeUndefined();
    }

    await rig.life.kill();
    await losePower();
    bootId = "two";
    const second = at.rig.connect();
    const outside = await listener();
    const boot = [
      stage("foundation", ["ids"], {
        health: { kind: "tcp", at: { address: "127.0.0.1", port: outside.port } },
      }),
      stage("core", ["mcr"]),
      stage("edge", ["web"]),
    ];
    const runtimes = [{ name: "podman", runtime: second.runtime }];
    await rig.boot({ runtimes, images: second.images, boot });
    const shown = (await rig.client.status({})).boot;
    expect(shown).toMatchObject({ stage: "foundation", number: 1, stages: 3 });
    await expect.poll(() => countRunning(rig), { timeout: 60_000 }).toBe(4);
    await expect.poll(async () => (await rig.client.status({})).boot).toBeUndefined();
    outside.server.close();

    const found = await instancesOf(rig);
    expect(found.map(({ service }) => service)).toEqual(["ids", "mcr", "web", "other"]);
    // The first one is healthy a second after its start.
    const [idsMs = 0, mcrMs = 0] = found.map(({ startedAtMs }) => startedAtMs);
    expect(mcrMs - idsMs).toBeGreaterThan(1_000);
    expect(found.every(({ restarts }) => restarts === 0)).toBe(true);
    const { events } = await rig.client.listEvents({ limit: 1_000 });
    expect(events.filter(({ kind }) => kind.startsWith("boot_")).map(({ text }) => text)).toEqual([
      'boot stage 1 of 3 "foundation" began',
      'boot stage 1 of 3 "foundation" passed',
      'boot stage 2 of 3 "core" began',
      'boot stage 2 of 3 "core" passed',
      'boot stage 3 of 3 "edge" began',
      'boot stage 3 of 3 "edge" passed',
      "the boot sequence is done; every stage passed",
    ]);
  });
});
