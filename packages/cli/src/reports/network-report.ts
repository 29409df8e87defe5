import type { NetworkJson } from "@mcp/client";
import { numberOf } from "./words.ts";

/** The bridge on which virtual machines are alone with their node. */
export interface NetworkReport {
  /** Its name in the agent's config; empty where it is turned off. */
  readonly bridge: string;
  /** `off`, `absent` (there is none, and none was asked for), `ready`, `failing`. */
  readonly state: string;
  /** `10.99.0.1/24`; empty where it is not there. */
  readonly subnet: string;
  /** Of its addresses, those that components have, and all that there are for them. */
  readonly addressesGiven: number;
  readonly addressesTotal: number;
  /** Ports of its own address that virtual machines may reach: `8443/tcp`. */
  readonly allowed: readonly string[];
  /** Virtual machines that are on it now. */
  readonly guests: number;
  /** Why it fails, and what to type; else empty. */
  readonly why: string;
  readonly hint: string;
}

export const networkReport = (network: NetworkJson): NetworkReport => ({
  bridge: network.bridge ?? "",
  state: network.state ?? "",
  subnet: network.subnet ?? "",
  addressesGiven: numberOf(network.addressesGiven),
  addressesTotal: numberOf(network.addressesTotal),
  allowed: network.allowed ?? [],
  guests: network.guests ?? 0,
  why: network.why ?? "",
  hint: network.hint ?? "",
});
