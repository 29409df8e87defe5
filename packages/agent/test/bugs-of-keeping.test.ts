import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { imageOf, openMachine, running, stage } from "./machine.ts";
import { definition, last, newRequestId, openRig, until } from "./rig.ts";

/** One test for each bug of what keeps services running, named after it. */

describe("it does not happen again that", () => {
  it("what was wrong with a service stays wrong after its undeploy, if no event of it is heard", async () => {
    await using rig = await openRig({ intervalMs: 50 });
    rig.host.addImage(imageOf("job"));
    await rig.deploy(running("job", 'restart = "no"'));
    const [instance] = (await rig.life.registry.service("job"))?.instances ?? [];
    const { conditions: found } = rig.life.agent.engine;
    const codes = () => found.all().map(({ code }) => code);
    // Nothing of it is left to be removed, and so nothing is heard of its removal.
    rig.host.exit(instance?.name ?? "", 1);
    rig.host.vanish(instance?.name ?? "");
    await until("that is told", () => codes().length === 1);

    await last(rig.client.undeploy({ requestId: newRequestId(), service: "job" }));
    await until("it is over", () => codes().length === 0);
    expect(found.reported).not.toContain("service job");
  });

  it("a stage's definition waits for as many tries as an earlier agent has made", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcp-boot-"));
    const file = join(folder, "ids.toml");
    await writeFile(file, running("ids"));
    await using machine = await openMachine([]);
    const { rig } = machine;
    rig.host.addImage(imageOf("ids"));
    for (let number = 1; number <= 6; number++) {
      const requestId = `boot-boot-2-ids-${number}`;
      const of = { id: requestId, requestId, service: "ids", kind: "deploy" as const };
      await rig.life.registry.addOperation({ ...of, request: { kind: "deploy" } });
      await rig.life.registry.setOperation(requestId, { state: "failed", finishedAtMs: Date.now() });
    }
    const beganMs = performance.now();
    await machine.reboot({ boot: [stage("foundation", ["ids"], { definitions: [file] })] });
    await until("it runs", () => rig.host.running.length === 1);
    expect(performance.now() - beganMs).toBeLessThan(1_500);
    await rm(folder, { recursive: true });
  });

  it("what could not be put right stays told when somebody has put it right by hand", async () => {
    await using rig = await openRig({ intervalMs: 100 });
    rig.host.addImage(imageOf("web"));
    await rig.deploy(running("web"));
    const [instance] = (await rig.life.registry.service("web"))?.instances ?? [];
    if (!instance) throw new Error("nothing was started");
    const codes = () => rig.life.agent.engine.conditions.all().map(({ code }) => code);
    rig.host.fail("start", new Problem("runtime_failed", "podman says no", "ask podman"), 100);
    rig.host.exit(instance.name, 1);
    await until("that is told", () => codes().includes("repair_failed"));

    rig.host.vanish(instance.name);
    rig.host.add(instance.spec as WorkloadSpec);
    await until("it is over", () => codes().length === 0);
  });

  it("what crashed when it was taken out of its service has recovered when it is put back", async () => {
    await using rig = await openRig({ intervalMs: 100 });
    rig.host.addImage("localhost/sound:1");
    rig.host.addImage("localhost/broken:1", { exitsAfterMs: 20, exitCode: 1 });
    const component = (name: string, image: string) => `name = "${name}"\nimage = "localhost/${image}:1"`;
    const kinds = async () => {
      const { events } = await rig.client.listEvents({ service: "shop", limit: 1_000 });
      return events.filter((event) => event.component === "web").map(({ kind }) => kind);
    };
    await rig.deploy(definition("shop", component("api", "sound"), component("web", "broken")));
    await until("it is told", async () => (await kinds()).includes("crash_loop"));

    const { tallies } = rig.life.agent.engine.metrics;
    const passes = () =>
      tallies.histogram("mcp_pass_duration_seconds")[0]?.counts.reduce((a, b) => a + b, 0) ?? 0;
    const passed = async () => {
      const before = passes();
      await until("it was looked at", () => passes() > before + 2);
    };
    await rig.deploy(definition("shop", component("api", "sound")));
    await passed();
    await rig.deploy(definition("shop", component("api", "sound"), component("web", "sound")));
    await passed();
    expect(await kinds()).not.toContain("recovered");
  });

  it("the end of the boot is never told, if the agent is killed while it writes that it is done", async () => {
    await using machine = await openMachine(["ids"]);
    const { host } = machine.rig;
    let mayStart = false;
    host.onCall = ({ call }) => {
      if (call === "start" && !mayStart) throw new Problem("start_failed", "it does not start", "mend it");
    };
    await machine.reboot({ boot: [stage("foundation", ["ids"])] });
    const { registry } = machine.rig.life;
    const ends = async () => (await machine.told()).filter((text) => text.includes("is done"));
    // As if killed before it: what is to be kept of it is not.
    const { setMeta } = registry;
    let endsBefore: number | undefined;
    registry.setMeta = async (key, value) => {
      if (!(JSON.parse(value) as { isDone?: boolean }).isDone) return setMeta(key, value);
      endsBefore ??= (await registry.events({ service: "", limit: 1_000 })).filter(
        ({ kind }) => kind === "boot_done",
      ).length;
      throw new Problem("disk_full", "no space is left", "free some");
    };
    mayStart = true;
    await until("it is done", () => endsBefore !== undefined);
    expect(endsBefore).toBe(1);

    await machine.killAgent();
    await until("the next one knows", () => machine.rig.life.agent.engine.boot.record.isDone);
    expect(await ends()).toHaveLength(1);
    await machine.reboot({ boot: [stage("foundation", ["ids"])] });
    await until("the next boot's end is told too", async () => (await ends()).length === 2);
  });
});
