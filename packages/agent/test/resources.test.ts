import { expect, it } from "vitest";
import { definition, last, newRequestId, type Rig, summary } from "./rig.ts";
import { openVmRig, type VmRig, vm } from "./vm-rig.ts";

/** What virtual machines are promised of the machine, and what is refused for it. */

const web = (memoryMiB: number, tag = 1, ...more: readonly string[]) =>
  definition("web", vm("web", memoryMiB, tag, ...more));
const refused = { state: "FAILED", steps: [], problem: "resources_exhausted" };
const succeeded = { state: "SUCCEEDED" };

async function openSmall(memoryMiB = 1_000, vcpus = 16): Promise<VmRig> {
  const rig = await openVmRig({ capacity: () => ({ memoryMiB, vcpus }) });
  for (const tag of [1, 2]) rig.addImage(tag);
  return rig;
}

const plan = (rig: Rig, toml: string) =>
  rig.client.plan({ what: { case: "deploy", value: { toml, file: "a.toml" } } });
const ask = (rig: Rig, what: "stop" | "start", service: string) =>
  last(rig.client[what]({ requestId: newRequestId(), service }));

it("a deploy that does not fit is refused with the sums, and nothing is recorded or stopped", async () => {
  await using rig = await openSmall();
  await rig.deploy(web(600));
  const before = {
    running: rig.vms.running,
    calls: rig.vms.calls.filter(({ call }) => call === "stop").length,
  };
  const other = await rig.deploy(definition("other", vm("a", 300), vm("b", 200)));
  expect(summary(other)).toEqual(refused);
  expect(other.problem?.message).toBe(
    "the virtual machines of other want 500 MiB of memory, and 400 MiB of 1000 MiB are free; " +
      "promised to others: 600 MiB (web/web 600 MiB)",
  );
  expect(summary(await rig.deploy(web(1_001, 2)))).toEqual(refused);
  expect((await rig.client.listServices({})).services).toHaveLength(1);
  expect((await rig.client.listRevisions({ service: "web" })).revisions).toHaveLength(1);
  expect({
    running: rig.vms.running,
    calls: rig.vms.calls.filter(({ call }) => call === "stop").length,
  }).toEqual(before);
});

it("a plan says so, and which steps are meant all the same", async () => {
  await using rig = await openSmall();
  const { blocked, steps } = await plan(rig, web(2_000));
  expect(blocked).toEqual([
    "the virtual machines of web want 2000 MiB of memory, and 1000 MiB of 1000 MiB are free",
  ]);
  expect(steps.map(({ action }) => action)).toContain("start");
  expect((await plan(rig, web(1_000))).blocked).toEqual([]);
});

it("ten that are deployed at once get no more than there is", async () => {
  await using rig = await openSmall(1_000);
  const names = Array.from({ length: 10 }, (_, index) => `vm-${index}`);
  const ends = await Promise.all(names.map((name) => rig.deploy(definition(name, vm(name, 300)))));
  expect(ends.map(summary).filter(({ problem }) => problem === undefined)).toHaveLength(3);
  expect(rig.vms.running).toHaveLength(3);
});

it("what a container may use is a limit, and promised to nobody", async () => {
  await using rig = await openSmall(100);
  const container = 'name = "web"\nimage = "localhost/hello:1"\nmemory = 5000\nvcpus = 99';
  expect(summary(await rig.deploy(definition("web", container)))).toMatchObject(succeeded);
});

it("an update that stops first needs room for the larger one, one that starts first for both", async () => {
  await using rig = await openSmall(1_000);
  await rig.deploy(web(600));
  expect(summary(await rig.deploy(web(1_000, 2)))).toMatchObject(succeeded);
  expect(summary(await rig.deploy(web(500, 1)))).toMatchObject(succeeded);
  const beside = 'update = "start-first"';
  expect(summary(await rig.deploy(web(501, 2, beside)))).toEqual(refused);
  expect((await plan(rig, web(501, 2, beside))).blocked).toHaveLength(1);
  expect(summary(await rig.deploy(web(500, 2, beside)))).toMatchObject(succeeded);
  // Nothing of it changes, so nothing starts beside it.
  expect(summary(await rig.deploy(web(500, 2, beside)))).toEqual({ ...succeeded, steps: [] });
});

it("start-first needs no more than stop-first where both want the same host port", async () => {
  await using rig = await openSmall(1_000);
  const more = ['update = "start-first"', 'ports = ["8080:80"]'];
  await rig.deploy(web(600, 1, ...more));
  expect(summary(await rig.deploy(web(700, 2, ...more)))).toMatchObject(succeeded);
});

it("what is stopped counts for nothing, so that its start is refused once others have its room", async () => {
  await using rig = await openSmall(1_000);
  await rig.deploy(web(600));
  await ask(rig, "stop", "web");
  expect(summary(await rig.deploy(definition("other", vm("other", 600))))).toMatchObject(succeeded);
  expect(summary(await ask(rig, "start", "web"))).toEqual(refused);
  expect(summary(await rig.deploy(web(600)))).toEqual(refused);
  expect((await plan(rig, web(600))).blocked).toHaveLength(1);
  expect(rig.vms.running).toHaveLength(1);
  await ask(rig, "stop", "other");
  expect(summary(await ask(rig, "start", "web"))).toMatchObject(succeeded);
});

it("what crashed counts until it is stopped, since it will be restarted", async () => {
  await using rig = await openSmall(1_000);
  await rig.deploy(web(600));
  rig.vms.exit(rig.vms.running[0] as string, 1);
  expect(summary(await rig.deploy(definition("other", vm("other", 600))))).toEqual(refused);
});

it("a failed deploy gives its room back", async () => {
  await using rig = await openVmRig({ capacity: () => ({ memoryMiB: 1_000, vcpus: 16 }) });
  rig.addImage(1);
  rig.addImage(2, { failsToStart: "no kernel" });
  await rig.deploy(web(100));
  expect(summary(await rig.deploy(web(900, 2)))).toMatchObject({ state: "FAILED", problem: "start_failed" });
  expect((await rig.client.nodeStatus({})).node?.promised?.memoryMib).toBe(100n);
});

it("a rollback and an undeploy count too", async () => {
  await using rig = await openSmall(1_000);
  await rig.deploy(web(900));
  await rig.deploy(web(100, 2));
  await rig.deploy(definition("other", vm("other", 500)));
  const back = await last(rig.client.rollback({ requestId: newRequestId(), service: "web" }));
  expect(summary(back)).toEqual(refused);
  await last(rig.client.undeploy({ requestId: newRequestId(), service: "other" }));
  expect(
    summary(await last(rig.client.rollback({ requestId: newRequestId(), service: "web" }))),
  ).toMatchObject(succeeded);
});

it("the node's status has the sums", async () => {
  await using rig = await openVmRig({ capacity: () => ({ memoryMiB: 1_000, vcpus: 16, overheadMiB: 96 }) });
  rig.addImage(1);
  await rig.deploy(definition("web", vm("a", 300, 1, "vcpus = 2"), vm("b", 200)));
  expect((await rig.client.nodeStatus({})).node?.promised).toMatchObject({
    memoryMib: 500n,
    overheadMib: 192n,
    memoryTotalMib: 1_000n,
    vcpus: 3,
    vcpusTotal: 16,
  });
});
