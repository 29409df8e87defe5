import type { Link } from "./links.ts";
import { type LivingGuests, type Stray, strayTaps } from "./reconcile.ts";
import { isTapName, readTapAlias } from "./tap-name.ts";

/** What is on this host of virtual machines' networking, and nobody needs. */
export interface Traces {
  /** TAP devices of ours without a living machine. */
  readonly strays: readonly Stray[];
  /** Devices with a name of ours, and no mark of anybody. */
  readonly unmarked: readonly string[];
  /** TAP devices that are named in the rules, and not there. */
  readonly elements: readonly string[];
}

/** @param listing  of our tables, as nft prints them. */
export function findTraces(
  owner: string,
  links: readonly Link[],
  listing: string,
  living: LivingGuests,
): Traces {
  const present = new Set(links.map(({ name }) => name));
  const named = new Set([...listing.matchAll(/"(mcpt[0-9a-f]{11})"/g)].map(([, name = ""]) => name));
  return {
    strays: strayTaps(owner, links, living),
    unmarked: links
      .filter(({ name, alias }) => isTapName(name) && !readTapAlias(alias))
      .map(({ name }) => name),
    // The rules name a device before it is made.
    elements: [...named].filter(
      (name) => !present.has(name) && !living.guests.some(({ tap }) => tap === name),
    ),
  };
}

export const noTraces: Traces = { strays: [], unmarked: [], elements: [] };
