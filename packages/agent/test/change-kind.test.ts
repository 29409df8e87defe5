import { Problem } from "@mcp/base";
import { ObservedState } from "@mcp/proto";
import { expect, it } from "vitest";
import { definition, last, newRequestId, summary } from "./rig.ts";
import { openVmRig, type VmRig } from "./vm-rig.ts";

/** The same image, a container today and a virtual machine tomorrow, is a deploy like any other. */

type Kind = "container" | "microvm";
const web = (kind: Kind, ...more: readonly string[]) =>
  definition(
    "web",
    ['name = "web"', 'image = "localhost/hello:1"', `runtime = "${kind}"`, "memory = 128", ...more].join(
      "\n",
    ),
  );

/** What acted on workloads, on both hosts, in order. */
const acts = (rig: VmRig): string[] =>
  [
    ...rig.host.calls.map((each) => ({ ...each, kind: "container" })),
    ...rig.vms.calls.map((each) => ({ ...each, kind: "microvm" })),
  ]
    .filter(({ call }) => ["start", "stop", "remove"].includes(call))
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ call, kind }) => `${call} ${kind}`);
const forget = (rig: VmRig): void => {
  rig.host.calls.length = 0;
  rig.vms.calls.length = 0;
};

async function openWeb(...more: readonly string[]): Promise<VmRig> {
  const rig = await openVmRig();
  rig.addImage(1);
  await rig.deploy(web("container", ...more));
  forget(rig);
  return rig;
}

it("from container to microVM and back, each is stopped and removed by its own kind's runtime", async () => {
  await using rig = await openWeb("ports = ['8080:80']");
  expect(summary(await rig.deploy(web("microvm", "ports = ['8080:80']")))).toEqual({
    state: "SUCCEEDED",
    steps: ["stop", "start", "stand", "accept", "remove"],
  });
  expect(acts(rig)).toEqual(["stop container", "start microvm", "remove container"]);
  expect([rig.host.workloads.length, rig.vms.running.length]).toEqual([0, 1]);
  forget(rig);
  expect(summary(await rig.deploy(web("container", "ports = ['8080:80']")))).toMatchObject({
    state: "SUCCEEDED",
  });
  expect(acts(rig)).toEqual(["stop microvm", "start container", "remove microvm"]);
  expect([rig.host.running.length, rig.vms.workloads.length]).toEqual([1, 0]);
});

it("the image is not pulled again: it is the same one", async () => {
  await using rig = await openWeb();
  const { steps } = await rig.client.plan({
    what: { case: "deploy", value: { toml: web("microvm"), file: "web.toml" } },
  });
  expect(steps.map(({ action }) => action)).not.toContain("pull");
});

it("start-first has the new kind up before the old one goes", async () => {
  await using rig = await openWeb();
  await rig.deploy(web("microvm", 'update = "start-first"'));
  expect(acts(rig)).toEqual(["start microvm", "stop container", "remove container"]);
});

it("a rollback leads back to the other kind", async () => {
  await using rig = await openWeb();
  await rig.deploy(web("microvm"));
  const back = await last(rig.client.rollback({ requestId: newRequestId(), service: "web" }));
  expect(summary(back)).toMatchObject({ state: "SUCCEEDED" });
  expect([rig.host.running.length, rig.vms.workloads.length]).toEqual([1, 0]);
});

it("a virtual machine that does not start leaves the container running, with its name", async () => {
  await using rig = await openWeb();
  const { running } = rig.host;
  rig.vms.fail("start", new Problem("start_failed", "the guest did not boot", "see its log"));
  const failed = await rig.deploy(web("microvm"));
  expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "start_failed" });
  expect(rig.host.running).toEqual(running);
  expect(rig.vms.workloads).toEqual([]);
  const { services } = await rig.client.status({ service: "web" });
  expect(services[0]?.components[0]).toMatchObject({ instance: running[0], observed: ObservedState.RUNNING });
});

it("one that exits at once does too, and its last lines are told", async () => {
  await using rig = await openVmRig();
  const dies = { exitsAfterMs: 20, exitCode: 7, prints: [{ stream: "stderr" as const, text: "no config" }] };
  rig.addImage(1, dies);
  await rig.deploy(web("container"));
  const { running } = rig.host;
  const failed = await rig.deploy(web("microvm", 'start_period = "2s"'));
  expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "exited_early" });
  expect(failed.lastLogLines).toEqual(["no config"]);
  expect(rig.host.running).toEqual(running);
  expect(rig.vms.workloads).toEqual([]);
});

it("an agent that is killed in the middle ends with one of them, and nothing left over", async () => {
  await using rig = await openWeb();
  rig.vms.onCall = async ({ call }) => {
    if (call !== "start") return;
    rig.vms.onCall = () => {};
    await rig.life.kill();
  };
  await rig.deploy(web("microvm")).catch(() => undefined);
  await rig.boot();
  await expect
    .poll(async () => {
      const { operations } = await rig.client.listOperations({ service: "web" });
      return [operations[0]?.finishedAt !== undefined, rig.host.workloads.length, rig.vms.running.length];
    })
    .toEqual([true, 0, 1]);
});

it("while the old kind's runtime does not answer, what it runs is left alone, and nothing is started", async () => {
  await using rig = await openWeb();
  rig.host.fail("list", new Problem("runtime_timeout", "podman does not answer", "start it"), 1_000);
  const failed = await rig.deploy(web("microvm"));
  expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "observation_unknown" });
  rig.host.clearFaults();
  expect([rig.host.running.length, rig.vms.workloads.length]).toEqual([1, 0]);
});

it("ps shows containers and virtual machines together, with memory and cpu of each", async () => {
  await using rig = await openVmRig();
  rig.addImage(1);
  await rig.deploy(web("microvm"));
  await rig.deploy(definition("box", 'name = "box"\nimage = "localhost/hello:1"'));
  const { instances, problems } = await rig.client.liveCheck({ usage: true });
  expect(problems).toEqual([]);
  expect(instances.map(({ component, runtime }) => [component, runtime])).toEqual([
    ["box", "container"],
    ["web", "microvm"],
  ]);
  for (const { memoryBytes } of instances) expect(memoryBytes).toBeGreaterThan(0n);
});

it("status tells what each uses where a virtual machine is among them, and waits for nobody who measures slowly", async () => {
  await using rig = await openVmRig();
  rig.addImage(1);
  await rig.deploy(definition("box", 'name = "box"\nimage = "localhost/hello:1"'));
  const used = async () =>
    (await rig.client.status({})).services
      .flatMap(({ components }) => components)
      .map(({ runtime, memoryBytes }) => [runtime, memoryBytes !== undefined]);
  expect(await used()).toEqual([["container", false]]);
  expect(rig.host.calls.map(({ call }) => call)).not.toContain("stats");
  await rig.deploy(web("microvm"));
  expect(await used()).toEqual([
    ["container", true],
    ["microvm", true],
  ]);
  rig.host.fail("stats", "hang");
  expect(await used()).toEqual([
    ["container", false],
    ["microvm", true],
  ]);
});
