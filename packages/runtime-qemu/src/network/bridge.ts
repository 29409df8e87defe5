import { Problem, printSubnet } from "@mcp/base";
import type { Bridge } from "@mcp/runtime";
import { isBridgePrefix, prefixRange } from "./bridge-subnet.ts";
import type { Link } from "./links.ts";

/** A bridge that can be used, and its MAC. */
export interface UsableBridge {
  readonly bridge: Bridge;
  readonly mac: string;
}

/**
 * The bridge of that name, or undefined if there is no device of that name.
 * @throws Problem `bridge_unusable` with what is wrong with it, and how to mend it.
 */
export function findBridge(name: string, links: readonly Link[]): UsableBridge | undefined {
  const link = links.find((each) => each.name === name);
  if (!link) return undefined;
  if (link.kind !== "bridge") {
    const hint = 'name a bridge in the config, [network] bridge, or none: bridge = ""';
    throw unusable(`${name} is no bridge but ${link.kind || "another device"}`, hint);
  }
  const [first, second] = link.addresses;
  if (!first)
    throw unusable(`${name} has no IPv4 address`, `give it one: ip addr add 10.99.0.1/24 dev ${name}`);
  if (second) {
    const both = link.addresses.map(printSubnet).join(" and ");
    throw unusable(
      `${name} has more IPv4 addresses than one: ${both}`,
      `leave it the one by which virtual machines are to reach this host: ip addr del ${printSubnet(second)} dev ${name}`,
    );
  }
  const { address: gateway, prefixLength } = first;
  if (!isBridgePrefix(prefixLength)) {
    throw unusable(
      `${name} has ${printSubnet(first)}, a subnet of /${prefixLength}`,
      `give it one from /${prefixRange.shortest} to /${prefixRange.longest}: ip addr replace ${gateway}/24 dev ${name}`,
    );
  }
  if (!link.isUp) throw unusable(`${name} is down`, `ip link set ${name} up`);
  if (link.speaksStp) {
    throw unusable(
      `${name} speaks the spanning tree protocol, and lets nothing through for half a minute after a virtual machine has started`,
      `it has no loops to find: ip link set ${name} type bridge stp_state 0`,
    );
  }
  return { bridge: { name, gateway, prefixLength }, mac: link.mac };
}

/**
 * That a bridge is what a virtual machine was deployed on.
 * @throws Problem `bridge_missing`, `bridge_unusable`.
 */
export function requirePinned(pinned: Bridge, links: readonly Link[]): UsableBridge {
  const found = findBridge(pinned.name, links);
  if (!found) throw bridgeMissing(pinned.name);
  const { gateway, prefixLength } = found.bridge;
  if (gateway === pinned.gateway && prefixLength === pinned.prefixLength) return found;
  const was = printSubnet({ address: pinned.gateway, prefixLength: pinned.prefixLength });
  const is = printSubnet({ address: gateway, prefixLength });
  throw unusable(
    `${pinned.name} had ${was} when this was deployed, and has ${is} now`,
    "deploy it again, for an address of that subnet: mcp deploy; or give the bridge its address back",
  );
}

export const bridgeMissing = (name: string): Problem =>
  new Problem(
    "bridge_missing",
    `there is no bridge ${name} on this host`,
    'make it: mcp-agent network setup; or do without, [network] bridge = "", and deploy again',
  );

const unusable = (what: string, hint: string): Problem => new Problem("bridge_unusable", what, hint);
