import { Check_Outcome } from "@mcp/proto";
import { expect, it } from "vitest";
import { definition, openRig, type Rig, until } from "./rig.ts";

/** What a node tells of itself. The limits are set so that this machine, as it is, is on one side of them. */

const disks = [
  { use: "database", path: "/tmp" },
  { use: "vm images", path: "/tmp/." },
];
const full = { diskFullPercent: 0, memoryLowPercent: 100 };
const well = { diskFullPercent: 100, memoryLowPercent: 0 };

const found = ({ life }: Rig) => life.agent.engine.conditions.all().map(({ code }) => code);
const hasLooked = ({ life }: Rig) => life.agent.engine.conditions.reported.has("node");

it("disks and memory beyond their limits are conditions, one for each disk, and over once they are not", async () => {
  await using rig = await openRig({ intervalMs: 30, disks, limits: full });
  await until("it has looked", () => hasLooked(rig));
  expect(found(rig)).toEqual(["disk_filling", "memory_low"]);
  await rig.life.kill();
  await rig.boot({ limits: well });
  await until("it has looked", () => hasLooked(rig));
  expect(found(rig)).toEqual([]);
});

it("node status and doctor judge as the conditions do", async () => {
  await using rig = await openRig({ disks, limits: full });
  await until("it has looked", () => hasLooked(rig));
  const { node } = await rig.client.nodeStatus({});
  expect(node?.troubles.map(({ code }) => code)).toEqual(["disk_filling", "memory_low"]);
  const warned = async () =>
    (await rig.client.doctor({})).checks
      .filter(({ outcome }) => outcome === Check_Outcome.WARNING)
      .map(({ name }) => name);
  expect(await warned()).toEqual(["disk: database, vm images", "memory"]);
  await rig.life.kill();
  await rig.boot({ limits: well });
  expect((await rig.client.nodeStatus({})).node?.troubles).toEqual([]);
  expect(await warned()).toEqual([]);
});

it("cpus are known to be busy at once, with load over 1, 5 and 15 minutes", async () => {
  await using rig = await openRig({ intervalMs: 30 });
  await until("two samples were taken", async () => {
    const { node } = await rig.client.nodeStatus({});
    return node?.cpuBusy !== undefined;
  });
  const { node } = await rig.client.nodeStatus({});
  expect(node?.cpuBusy).toBeGreaterThanOrEqual(0);
  expect(node?.cpuBusy).toBeLessThanOrEqual(1);
  expect(node?.load5m).toBeGreaterThanOrEqual(0);
  expect(node?.bootId).toMatch(/^[0-9a-f-]{36}$/);
});

it("the limits of containers that should run are added up, beside how many have none", async () => {
  await using rig = await openRig();
  rig.host.addImage("localhost/hello:1");
  const component = (name: string, more = "") => `name = "${name}"\nimage = "localhost/hello:1"\n${more}`;
  await rig.deploy(definition("a", component("one", "memory = 100"), component("two", "memory = 28")));
  await rig.deploy(definition("b", component("three")));
  await rig.deploy(`active = false\n${definition("c", component("four", "memory = 500"))}`);
  const { node } = await rig.client.nodeStatus({});
  expect(node?.containerLimits).toMatchObject({ memoryMib: 128n, limited: 2, unlimited: 1 });
});
