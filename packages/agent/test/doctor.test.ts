import { Problem } from "@mcp/base";
import { Check_Outcome } from "@mcp/proto";
import { expect, it } from "vitest";
import { definition } from "./rig.ts";
import { openVmRig, type VmRig, vm } from "./vm-rig.ts";

const noQemu = new Problem("runtime_unavailable", "qemu is not installed", "apt install qemu-system-x86");

const outcomeOf = async (rig: VmRig, name: string) => {
  const check = (await rig.client.doctor({})).checks.find((each) => each.name === name);
  return check && { outcome: Check_Outcome[check.outcome], text: check.text, hint: check.hint };
};

it("a kind that does not work is a warning while nothing wants it, a failure once something does", async () => {
  await using rig = await openVmRig();
  rig.addImage(1);
  rig.vms.down = noQemu;
  const told = { text: noQemu.message, hint: noQemu.hint };
  expect(await outcomeOf(rig, "microvm")).toEqual({ outcome: "WARNING", ...told });
  rig.vms.down = undefined;
  await rig.deploy(definition("web", vm("web", 128)));
  rig.vms.down = noQemu;
  expect(await outcomeOf(rig, "microvm")).toEqual({ outcome: "FAILED", ...told });
});

it("a kind that answers and cannot list what it runs is a failure", async () => {
  await using rig = await openVmRig();
  const broken = new Problem("runtime_failed", "podman could not list the containers", "podman ps --all");
  rig.host.fail("list", broken, 100);
  expect(await outcomeOf(rig, "container")).toEqual({
    outcome: "FAILED",
    text: broken.message,
    hint: broken.hint,
  });
  expect((await outcomeOf(rig, "microvm"))?.outcome).toBe("OK");
});

it("where no kind works at all, each is a failure", async () => {
  await using rig = await openVmRig();
  rig.host.down = noQemu;
  rig.vms.down = noQemu;
  expect((await outcomeOf(rig, "microvm"))?.outcome).toBe("FAILED");
  expect((await outcomeOf(rig, "container"))?.outcome).toBe("FAILED");
});

it("what a virtual machine never can is nothing to mend, and stands in the node's status", async () => {
  await using rig = await openVmRig();
  expect((await outcomeOf(rig, "microvm"))?.outcome).toBe("OK");
  const { node } = await rig.client.nodeStatus({});
  expect(node?.runtimes[1]?.cannot.map(({ capability }) => capability)).toEqual([
    "exec",
    "userNetworks",
    "ipv6Ports",
    "readOnlyVolumes",
    "udpAnswers",
  ]);
});

it("the node's status shows each kind with why it does not work", async () => {
  await using rig = await openVmRig();
  rig.vms.down = noQemu;
  expect((await rig.client.nodeStatus({})).node?.runtimes).toMatchObject([
    { kinds: ["container"], ok: true },
    { kinds: ["microvm"], ok: false, why: noQemu.message, hint: noQemu.hint },
  ]);
});
