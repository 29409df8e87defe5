import { Problem } from "@mcp/base";
import { describeMove } from "@mcp/planner";
import type { GivenAddress, InstanceRecord, Registry } from "@mcp/registry";
import type { Bridge, GuestNetwork, RuntimeKind, WorkloadSpec } from "@mcp/runtime";
import { addressOf } from "../engine/goal.ts";
import type { ServiceState } from "../engine/service-state.ts";
import type { RevisionContent } from "../revision/content.ts";
import { type PinnedComponent, type Revision, subnetOf } from "../revision/revision.ts";

export interface NetworkDeps {
  /** Undefined where virtual machines have no network but their backend's own. */
  readonly network: GuestNetwork | undefined;
  readonly signal: AbortSignal;
}

export const isVm = (kind: RuntimeKind): boolean => kind !== "container";

/**
 * The bridge that virtual machines which are deployed now are put on, asked for only where there are any.
 *
 * @throws Problem as `GuestNetwork.find`; `port_on_bridge` for one that publishes a port.
 */
export async function findBridge(
  components: readonly Pick<PinnedComponent, "name" | "runtime" | "ports">[],
  { network, signal }: NetworkDeps,
): Promise<Bridge | undefined> {
  const vms = components.filter(({ runtime }) => isVm(runtime));
  const bridge = vms.length > 0 ? await network?.find(signal) : undefined;
  const publishing = bridge && vms.find(({ ports }) => ports.length > 0);
  if (publishing) throw portOnBridge(publishing, bridge);
  return bridge;
}

/** The same content with its virtual machines where a deploy would put them now. */
export function withBridge(revision: Revision, bridge: Bridge | undefined): RevisionContent {
  const kinds = new Map(revision.components.map(({ name, runtime }) => [name, runtime]));
  const components = revision.content.components.map(({ bridge: _, ...component }) =>
    bridge && isVm(kinds.get(component.name) ?? "container") ? { ...component, bridge } : component,
  );
  return { ...revision.content, components };
}

/**
 * What is on a bridge is there so that it reaches nothing else: only who turns the bridge off gets it off there, never a
 * bridge that is missing.
 *
 * @throws Problem `bridge_missing`
 */
export async function refuseToLeaveBridge(
  revision: Revision,
  current: ServiceState | undefined,
  deps: NetworkDeps,
): Promise<void> {
  const before = currentComponents(current);
  for (const { name, runtime, bridge } of revision.components) {
    const old = before.get(name)?.bridge;
    if (!old || bridge || !isVm(runtime) || (await isOff(deps))) continue;
    throw bridgeMissing(`${revision.service}/${name}`, old);
  }
}

/**
 * Before something is stopped that is to be started again.
 * @throws Problem `bridge_missing`, `bridge_unusable`; as `GuestNetwork.find`.
 */
export async function checkBridgeStill(instance: InstanceRecord, deps: NetworkDeps): Promise<void> {
  const pinned = (instance.spec as WorkloadSpec).attachment?.bridge;
  if (!pinned || !deps.network) return;
  const now = await deps.network.find(deps.signal);
  const who = `${instance.service}/${instance.component}`;
  if (!now) {
    if (await isOff(deps)) return;
    throw bridgeMissing(who, pinned);
  }
  if (now.name === pinned.name && !isSameBridge(now, pinned)) throw bridgeMoved(who, pinned, now);
}

/**
 * What strangers answer for, among the addresses that components would be given anew and a few after them. Takes as long as
 * `GuestNetwork.answering` where any is given one anew.
 */
export async function findAnswered(
  service: string,
  components: readonly { readonly name: string; readonly bridge?: Bridge | undefined }[],
  registry: Registry,
  { network, signal }: NetworkDeps,
): Promise<readonly string[]> {
  const answered: string[] = [];
  const onBridge = components.flatMap(({ name, bridge }) => (bridge ? [{ name, bridge }] : []));
  for (const onOne of Map.groupBy(onBridge, ({ bridge }) => JSON.stringify(bridge)).values()) {
    const bridge = onOne[0]?.bridge;
    if (!bridge || !network) continue;
    const addresses = onOne.map(({ name }) => ({ component: name, subnet: subnetOf(bridge) }));
    // Twice as far each time, should there be very many.
    for (let spare = 4; ; spare *= 2) {
      const anew = await registry.newAddresses({ service, addresses, answered }, spare);
      const found = anew.length > 0 ? await network.answering(bridge, anew, signal) : undefined;
      if (!found || found.size === 0) break;
      answered.push(...found);
    }
  }
  return answered;
}

/** What becomes of where its virtual machines are, for people. */
export function networkNotes(
  revision: Revision,
  current: ServiceState | undefined,
  given: readonly GivenAddress[],
): string[] {
  const before = currentComponents(current);
  const addresses = new Map(given.map(({ component, address }) => [component, address]));
  return revision.components.flatMap(({ name, runtime, bridge }) => {
    const old = before.get(name);
    const who = `${revision.service}/${name}`;
    const address = addresses.get(name);
    const to = bridge && { bridge: bridge.name, ...(address !== undefined && { address }) };
    if (!old || !isVm(old.runtime))
      return to?.address === undefined ? [] : [`${who} is on ${to.bridge}, at ${to.address}`];
    const had = current && addressOf(current.record, current.record.currentRevision ?? -1, name);
    const from = old.bridge && { bridge: old.bridge.name, ...(had !== undefined && { address: had }) };
    const move = isVm(runtime) ? describeMove(from, to) : undefined;
    return move === undefined ? [] : [`${who} ${move}`];
  });
}

export const isSameBridge = (one: Bridge | undefined, other: Bridge | undefined): boolean =>
  one?.name === other?.name && one?.gateway === other?.gateway && one?.prefixLength === other?.prefixLength;

const currentComponents = (state: ServiceState | undefined): ReadonlyMap<string, PinnedComponent> =>
  new Map(
    state?.revisions
      .get(state.record.currentRevision ?? -1)
      ?.components.map((component) => [component.name, component]),
  );

const isOff = async ({ network, signal }: NetworkDeps): Promise<boolean> =>
  !network || (await network.status(signal)).state === "off";

const portOnBridge = ({ name, ports }: Pick<PinnedComponent, "name" | "ports">, bridge: Bridge): Problem =>
  new Problem(
    "port_on_bridge",
    `component ${name} publishes port ${ports[0]?.host}, and virtual machines of this node are on ${bridge.name}, where nothing is forwarded: it would be a second way in`,
    'leave out ports = [...]: it is reached from this node at its own address, which mcp ps shows; without a bridge, [network] bridge = "" in the agent\'s config, ports are forwarded',
  );

const bridgeMissing = (who: string, { name }: Bridge): Problem =>
  new Problem(
    "bridge_missing",
    `${who} is on the bridge ${name}, which this node has no more; elsewhere it could reach what it must not`,
    'make the bridge: mcp-agent network setup --config FILE; or turn it off with [network] bridge = "" in the agent\'s config',
  );

const bridgeMoved = (who: string, pinned: Bridge, now: Bridge): Problem =>
  new Problem(
    "bridge_unusable",
    `${who} was deployed when ${pinned.name} had the address ${pinned.gateway}/${pinned.prefixLength}; it has ${now.gateway}/${now.prefixLength} now`,
    `deploy it again, or give the bridge its address back: ip address add ${pinned.gateway}/${pinned.prefixLength} dev ${pinned.name}`,
  );
