/** Where a virtual machine is on a bridge. */
export interface Place {
  readonly bridge: string;
  /** Absent: it has not been given one yet. */
  readonly address?: string;
}

/** In a spec hash: what comes after it is of the network alone. */
export const networkMark = "@";

/** Whether only the network differs between two spec hashes that are not the same. */
export const isSameButForNetwork = (specHash: string, other: string): boolean =>
  settingsOf(specHash) === settingsOf(other);

const settingsOf = (specHash: string): string => specHash.split(networkMark, 1)[0] ?? "";

/** Two instances of a component have one MAC address, so they cannot be on one bridge together. */
export const collide = (one: Place | undefined, other: Place | undefined): boolean =>
  one !== undefined &&
  other !== undefined &&
  (one.bridge === other.bridge || (one.address !== undefined && one.address === other.address));

/**
 * What becomes of where a virtual machine is, as in `moves from user networking to mcp-br0, at 10.99.0.2`; undefined where it
 * stays where it is.
 */
export function describeMove(from: Place | undefined, to: Place | undefined): string | undefined {
  if (!to) return from && `moves from ${from.bridge} to user networking`;
  const at = to.address === undefined ? "" : `, at ${to.address}`;
  if (!from) return `moves from user networking to ${to.bridge}${at}`;
  if (from.bridge !== to.bridge) return `moves from ${from.bridge} to ${to.bridge}${at}`;
  if (to.address === undefined || from.address === to.address) return undefined;
  return `moves on ${to.bridge} from ${from.address ?? "no address"} to ${to.address}`;
}
