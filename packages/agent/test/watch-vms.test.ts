import { expect, it } from "vitest";
import { definition, until } from "./rig.ts";
import { openVmRig, type VmRig, vm } from "./vm-rig.ts";

/** What becomes of virtual machines is noticed from the start, and at once. */

/** No pass comes to help within a test. */
const intervalMs = 600_000;
const web = definition("web", vm("web", 128, 1, 'restart = "no"'));

async function openWeb(): Promise<VmRig> {
  const rig = await openVmRig({ intervalMs });
  rig.addImage(1);
  return rig;
}

const lists = (rig: VmRig): number => rig.vms.calls.filter(({ call }) => call === "list").length;

it("every backend is listed at the start, also one that no service has anything in", async () => {
  await using rig = await openWeb();
  await until("it was listed", () => lists(rig) > 0);
  await rig.life.kill();
  const before = lists(rig);
  await rig.boot();
  await until("it was listed again", () => lists(rig) > before);
});

it("a backend that cannot be listed at the start does not keep the agent from serving the others", async () => {
  await using rig = await openWeb();
  await rig.life.kill();
  rig.vms.fail("list", "hang");
  await rig.boot();
  expect((await rig.client.listServices({})).services).toEqual([]);
});

it("a killed virtual machine is known to registry, status and watchers within 50 ms of its runtime's event", async () => {
  await using rig = await openWeb();
  await rig.deploy(web);
  const instance = rig.vms.running[0] as string;
  const watching = new AbortController();
  const told = (async () => {
    const events = rig.client.watchEvents({ service: "web" }, { signal: watching.signal });
    for await (const { event } of events) if (event?.kind === "observed") return performance.now();
    return Number.POSITIVE_INFINITY;
  })();
  // The watcher listens, and what the deploy itself caused has been looked at.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const killedAtMs = performance.now();
  rig.vms.exit(instance, 137, "signal");
  expect((await told) - killedAtMs).toBeLessThan(50);
  watching.abort();
  expect((await rig.life.registry.instance(instance))?.lastExit).toMatchObject({ code: 137 });
  const { services } = await rig.client.status({ service: "web" });
  expect(services[0]?.components[0]).toMatchObject({ lastExitCode: 137 });
});

it("one that ended while no agent was there is known as soon as there is one", async () => {
  await using rig = await openWeb();
  await rig.deploy(web);
  const instance = rig.vms.running[0] as string;
  await rig.life.kill();
  rig.vms.exit(instance, 3);
  await rig.boot();
  await until("its end is recorded", async () => {
    const exit = (await rig.life.registry.instance(instance))?.lastExit as { code?: number } | undefined;
    return exit?.code === 3;
  });
});

it("a backend that nothing wants is not probed at every pass", async () => {
  await using rig = await openVmRig({ intervalMs: 20 });
  rig.addImage(1);
  const probes = (): number => rig.vms.calls.filter(({ call }) => call === "probe").length;
  await rig.deploy(definition("box", 'name = "box"\nimage = "localhost/hello:1"'));
  const passes = (): number => rig.host.calls.filter(({ call }) => call === "probe").length;
  const [before, since] = [probes(), passes()];
  await until("five passes were made", () => passes() >= since + 5);
  expect(probes()).toBe(before);
  await rig.deploy(web);
  const used = probes();
  await until("it is probed at each", () => probes() >= used + 5);
});
