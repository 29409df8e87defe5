import type { Bridge, WorkloadSpec } from "@mcp/runtime";
import { FakeNetwork } from "@mcp/runtime/fake";
import { definition, last, newRequestId, type Rig, type RigOptions } from "./rig.ts";
import { openVmRig, type VmRig, vm } from "./vm-rig.ts";

export const bridge: Bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };
export const succeeded = { state: "SUCCEEDED" };

export interface NetworkRig extends VmRig {
  readonly network: FakeNetwork;
}

/** An agent whose microVMs are put on a bridge. */
export async function openNetworkRig(first = bridge, more: RigOptions = {}): Promise<NetworkRig> {
  const network = new FakeNetwork();
  network.bridge = first;
  const rig = await openVmRig({ ...more, network });
  for (const tag of [1, 2]) rig.addImage(tag);
  return Object.assign(rig, { network });
}

/** Before there is a bridge. */
export const openWithout = async (): Promise<NetworkRig> => {
  const rig = await openNetworkRig();
  rig.network.bridge = undefined;
  return rig;
};

/** Without the note that its folder is not there. */
export const machine = (name: string, tag = 1, ...more: readonly string[]) =>
  vm(name, 128, tag, "volumes = []", ...more);
export const hello = (tag = 1, ...more: readonly string[]) =>
  definition("hello", machine("web", tag, ...more));
export const container = 'name = "db"\nimage = "localhost/hello:1"\nvolumes = []';
export const one = (service: string) => definition(service, machine("vm"));
export const plan = (rig: Rig, toml: string) =>
  rig.client.plan({ what: { case: "deploy", value: { toml, file: "a.toml" } } });
export const ask = (
  rig: Rig,
  what: "stop" | "start" | "restart" | "undeploy" | "rollback",
  service: string,
) => last(rig.client[what]({ requestId: newRequestId(), service }));

/** What the newest instance of each component was started with, by component. */
export async function attachments(rig: Rig): Promise<Record<string, WorkloadSpec["attachment"]>> {
  const services = await rig.life.registry.services();
  return Object.fromEntries(
    services.flatMap(({ name, instances }) =>
      instances.map(({ component, spec }) => [`${name}/${component}`, (spec as WorkloadSpec).attachment]),
    ),
  );
}

export const addresses = async (rig: Rig) =>
  Object.fromEntries(
    Object.entries(await attachments(rig)).map(([component, attachment]) => [component, attachment?.address]),
  );
