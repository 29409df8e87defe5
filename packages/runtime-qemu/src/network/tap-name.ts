import { createHash } from "node:crypto";

/** What the names of our TAP devices begin with, and the rules go by. */
export const tapPrefix = "mcpt";

/** Whose a TAP device is: the state folder's identity, as 16 hex digits, and the instance. */
export interface TapMark {
  readonly owner: string;
  readonly instance: string;
}

/** The state folder's identity as its TAP devices carry it. */
export const ownerOf = (store: string): string => sha256(store).slice(0, 16);

/**
 * The name of an instance's TAP device: 15 bytes, which is the most that a device's name has. Of the state folder as well, since
 * two of them may each have an instance of that name.
 */
export const tapName = ({ owner, instance }: TapMark): string =>
  `${tapPrefix}${sha256(`${owner} ${instance}`).slice(0, 15 - tapPrefix.length)}`;

export const isTapName = (name: string): boolean => /^mcpt[0-9a-f]{11}$/.test(name);

/** A device's alias, which is how a device is known to be ours, and to whom it belongs. It has at most 255 bytes. */
export const tapAlias = ({ owner, instance }: TapMark): string => `mcp ${instance} ${owner}`;

/** Undefined for an alias that is none of ours. */
export function readTapAlias(alias: string): TapMark | undefined {
  const [, instance, owner] = /^mcp ([a-z0-9][a-z0-9.-]*) ([0-9a-f]{16})$/.exec(alias) ?? [];
  return instance === undefined || owner === undefined ? undefined : { instance, owner };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
