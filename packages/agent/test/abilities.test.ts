import { mkdtemp, rm } from "node:fs/promises";
import { Problem } from "@mcp/base";
import { expect, it } from "vitest";
import { definition, type Rig, type RigOptions, refusalOf, summary } from "./rig.ts";
import { openVmRig, vm } from "./vm-rig.ts";

/** What a kind cannot do here is told before anything is recorded. */

const plan = (rig: Rig, toml: string) =>
  rig.client.plan({ what: { case: "deploy", value: { toml, file: "web.toml" } } });

async function openWeb(options: RigOptions = {}) {
  const rig = await openVmRig(options);
  for (const tag of [1, 2]) rig.addImage(tag);
  return rig;
}

const noQemu = new Problem("runtime_unavailable", "qemu is not installed", "apt-get install qemu-system-x86");

it("a kind that does not work here is refused with why, and what to type, and nothing is recorded", async () => {
  await using rig = await openWeb();
  rig.vms.down = noQemu;
  const web = definition("web", vm("web", 128));
  const told = { code: "runtime_unavailable", message: noQemu.message, hint: noQemu.hint };
  expect(await refusalOf(plan(rig, web))).toMatchObject(told);
  expect(await refusalOf(rig.deploy(web))).toMatchObject(told);
  expect((await rig.client.listOperations({})).operations).toEqual([]);
  expect((await rig.client.listServices({})).services).toEqual([]);
});

it("what runs is not touched when its kind is gone at the next deploy, and the next works once it is back", async () => {
  await using rig = await openWeb();
  await rig.deploy(definition("web", vm("web", 128)));
  const { running } = rig.vms;
  rig.vms.down = noQemu;
  expect((await refusalOf(rig.deploy(definition("web", vm("web", 128, 2))))).code).toBe(
    "runtime_unavailable",
  );
  rig.vms.down = undefined;
  expect(rig.vms.running).toEqual(running);
  expect(summary(await rig.deploy(definition("web", vm("web", 128, 2))))).toMatchObject({
    state: "SUCCEEDED",
  });
});

it("a component whose kind works is deployed by itself beside one whose kind does not", async () => {
  await using rig = await openWeb();
  rig.vms.down = noQemu;
  const both = definition("web", vm("vm", 128), 'name = "box"\nimage = "localhost/hello:1"');
  expect(summary(await rig.deploy(both, { component: "box" }))).toMatchObject({ state: "SUCCEEDED" });
  expect((await refusalOf(rig.deploy(both, { component: "vm" }))).code).toBe("runtime_unavailable");
});

it("each backend is asked once, however many components it has", async () => {
  await using rig = await openWeb();
  const components = Array.from({ length: 20 }, (_, index) => vm(`vm-${index}`, 128));
  const probes = (): number => rig.vms.calls.filter(({ call }) => call === "probe").length;
  const before = probes();
  await plan(rig, definition("web", ...components));
  expect(probes() - before).toBe(1);
});

it("less memory than a guest boots with is a mistake of the definition, with its line", async () => {
  await using rig = await openWeb();
  const problem = await refusalOf(plan(rig, definition("web", vm("web", 64))));
  expect(problem.code).toBe("definition_invalid");
  expect(problem.mistakes).toMatchObject([
    {
      key: "components[0].memory",
      line: 6,
      message: "is 64 MiB; a microvm needs at least 96 MiB to boot on this node",
    },
  ]);
});

it("a port that cannot be forwarded is refused", async () => {
  await using rig = await openWeb();
  const problem = await refusalOf(
    plan(rig, definition("web", vm("web", 128, 1, 'ports = ["[::1]:8080:80"]'))),
  );
  expect(problem).toMatchObject({
    code: "runtime_unsupported",
    message: "component web cannot have port 8080 on ::1: QEMU forwards no IPv6",
    hint: "give an IPv4 address, or none for all of them",
  });
});

it("a network that is not joined is said, and the convention's is not asked for", async () => {
  await using rig = await openWeb();
  const { notes } = await plan(rig, definition("web", vm("web", 128, 1, 'network = "backend"')));
  expect(notes).toContain(
    "web: the network backend is not joined: a virtual machine has a network of its own",
  );
  expect((await plan(rig, definition("web", vm("web", 128)))).notes.join()).not.toContain("network");
});

it("a volume that is only read is refused where it could not be read, before anything is stopped for it", async () => {
  const folder = await mkdtemp("/tmp/mcpt-volume-");
  await using rig = await openWeb({ allowedVolumes: [folder] });
  const web = (mode: string) => definition("web", vm("web", 128, 1, `volumes = ["${folder}:/data${mode}"]`));
  expect(await refusalOf(plan(rig, web(":ro")))).toMatchObject({
    code: "runtime_unsupported",
    message: `component web cannot mount ${folder} read-only: it opens every file for writing`,
    hint: expect.stringContaining("leave out :ro"),
  });
  expect((await plan(rig, web(""))).notes.join()).not.toContain(folder);
  await rm(folder, { recursive: true });
});

it("a udp port whose answers go nowhere is said", async () => {
  await using rig = await openWeb();
  const ports = 'ports = ["8080:80", "127.0.0.1:5353:53/udp"]';
  const { notes } = await plan(rig, definition("web", vm("web", 128, 1, ports)));
  expect(notes).toContain("web: answers on the udp port 5353 go nowhere: QEMU drops them");
});
