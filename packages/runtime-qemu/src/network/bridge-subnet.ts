import { readIpv4, readSubnet, type Subnet } from "@mcp/base";

/** Of a bridge's subnet. A longer one has no room for guests; nobody has a use for a shorter one. */
export const prefixRange = { shortest: 8, longest: 29 } as const;

export const isBridgePrefix = (length: number): boolean =>
  length >= prefixRange.shortest && length <= prefixRange.longest;

/** What a host can have as its address on a bridge, as in `10.99.0.1/24`; undefined for any other text. */
export function readBridgeAddress(text: string): Subnet | undefined {
  const subnet = readSubnet(text);
  return subnet && isBridgePrefix(subnet.prefixLength) && isHostsOf(subnet) ? subnet : undefined;
}

/** Neither the network itself nor its broadcast address. */
const isHostsOf = (subnet: Subnet): boolean => {
  const size = 2 ** (32 - subnet.prefixLength);
  const last = (readIpv4(subnet.address) ?? 0) % size;
  return last !== 0 && last !== size - 1;
};
