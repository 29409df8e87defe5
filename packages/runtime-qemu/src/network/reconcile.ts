import { forgetNeighbour } from "./arp-probe.ts";
import type { Link } from "./links.ts";
import type { Guest } from "./rules.ts";
import { readTapAlias, tapAlias, tapName } from "./tap-name.ts";

/** The virtual machines of a state folder that are, or are about to be, on a bridge. */
export interface LivingGuests {
  /** Those whose QEMU runs or is being started. */
  readonly guests: readonly Guest[];
  /** Instances of whom nobody can tell. */
  readonly unknown: ReadonlySet<string>;
  /** Whether it still holds: false once another has begun to be started since. */
  readonly isCurrent: () => boolean;
}

/** A TAP device of ours that nobody needs. */
export interface Stray {
  readonly instance: string;
  readonly tap: string;
}

/**
 * TAP devices of this state folder without a virtual machine. Those of another are its own affair, and so is a device of such a
 * name without our mark.
 */
export function strayTaps(owner: string, links: readonly Link[], living: LivingGuests): readonly Stray[] {
  const needed = new Set(living.guests.map(({ tap }) => tap));
  return links.flatMap(({ name, alias }) => {
    const mark = readTapAlias(alias);
    if (mark?.owner !== owner || name !== tapName(mark)) return [];
    return needed.has(name) || living.unknown.has(mark.instance)
      ? []
      : [{ instance: mark.instance, tap: name }];
  });
}

/**
 * What is to be done about TAP devices that are there and no longer as they were made, as commands of `ip -batch`; somebody has made the
 * bridge anew, say, or taken a port's isolation away. One that is missing was its machine's for life.
 */
export function tapRepairs(links: readonly Link[], { guests }: LivingGuests): readonly string[] {
  const byName = new Map(links.map((link) => [link.name, link]));
  return guests.flatMap(({ tap, attachment }) => {
    const link = byName.get(tap);
    const bridge = byName.get(attachment.bridge.name);
    if (!link || !bridge) return [];
    if (link.master === bridge.name && link.isIsolated && link.isUp) return [];
    return enslave(tap, bridge.name);
  });
}

/** A port of the bridge that reaches no other such port, and is asked for nothing that is not sent to it. */
export const enslave = (tap: string, bridge: string): readonly string[] => [
  `link set dev ${tap} master ${bridge}`,
  `link set dev ${tap} type bridge_slave isolated on mcast_flood off`,
  `link set dev ${tap} up`,
];

/**
 * A TAP device made, as commands of `ip -batch`. The bridge keeps the MAC that it has: else it would take that of one of its
 * ports, and another's when that leaves, and guests would send to nobody. What the kernel
 * knows of the address from before is forgotten. Without IPv6 of its own.
 */
export const makeTap = (
  { tap, instance, attachment }: Guest,
  made: { readonly owner: string; readonly uid: number; readonly bridgeMac: string },
): readonly string[] => [
  `link set dev ${attachment.bridge.name} address ${made.bridgeMac}`,
  forgetNeighbour(attachment.bridge, attachment.address),
  `tuntap add dev ${tap} mode tap user ${made.uid}`,
  `link set dev ${tap} alias "${tapAlias({ owner: made.owner, instance })}"`,
  `link set dev ${tap} addrgenmode none`,
  ...enslave(tap, attachment.bridge.name),
];
