import { countAddresses, isAddressOf, readSubnet } from "@mcp/base";
import type { HeldAddress } from "@mcp/registry";
import type { GuestNetworkStatus } from "@mcp/runtime";
import type { Engine } from "../engine/engine.ts";

export interface NetworkStatus {
  readonly status: GuestNetworkStatus;
  /** What components have, of whichever subnet. */
  readonly held: readonly HeldAddress[];
  /** Of the subnet that there is: what is given of it, and how much that is at most. */
  readonly addressesGiven: number;
  readonly addressesTotal: number;
}

/** Undefined where there is no such network. */
export async function networkStatus({ deps, signal }: Engine): Promise<NetworkStatus | undefined> {
  if (!deps.network) return undefined;
  const [status, held] = await Promise.all([deps.network.status(signal), deps.registry.heldAddresses()]);
  const subnet = readSubnet(status.subnet ?? "");
  return {
    status,
    held,
    addressesGiven: subnet ? held.filter(({ address }) => isAddressOf(subnet, address)).length : 0,
    addressesTotal: subnet ? countAddresses(subnet) : 0,
  };
}
