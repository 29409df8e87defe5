/** An IPv4 network as an interface is in it: `10.99.0.1/24`. */
export interface Subnet {
  /** Of the interface itself, in dotted form. */
  readonly address: string;
  readonly prefixLength: number;
}

/** The address as a whole number, or undefined if it is none in plain dotted form. */
export function readIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const parts = match?.slice(1).map(Number) ?? [];
  // A leading zero means octal to some programs: such a text is no plain address.
  if (!match || parts.some((part, index) => part > 255 || String(part) !== match[index + 1]))
    return undefined;
  return parts.reduce((address, part) => address * 256 + part, 0);
}

export const printIpv4 = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");

/** `10.99.0.1/24`, or undefined if the text is no address with a prefix length. */
export function readSubnet(text: string): Subnet | undefined {
  const [, address = "", length = ""] = /^([^/]+)\/(\d{1,2})$/.exec(text) ?? [];
  const prefixLength = Number(length);
  if (length === "" || prefixLength > 32 || readIpv4(address) === undefined) return undefined;
  return { address, prefixLength };
}

/** As in `10.99.0.1/24`. */
export const printSubnet = ({ address, prefixLength }: Subnet): string => `${address}/${prefixLength}`;

/** `255.255.255.0` for 24. */
export const netmaskOf = (prefixLength: number): string => printIpv4(2 ** 32 - sizeOf(prefixLength));

/** Whether an address lies in the subnet, its first and its last among them. */
export function isInSubnet(subnet: Subnet, address: string): boolean {
  const at = readIpv4(address);
  const [first, last] = bounds(subnet);
  return at !== undefined && at >= first && at <= last;
}

/**
 * The addresses that others in the subnet can have, lowest first: never its first (the network), its last (the broadcast
 * address), or the interface's own.
 */
export function* addressesOf(subnet: Subnet): Generator<string> {
  const [first, last] = bounds(subnet);
  const own = readIpv4(subnet.address);
  for (let address = first + 1; address < last; address++) if (address !== own) yield printIpv4(address);
}

/** Whether it is one of `addressesOf`. */
export function isAddressOf(subnet: Subnet, address: string): boolean {
  const at = readIpv4(address);
  const [first, last] = bounds(subnet);
  return at !== undefined && at > first && at < last && at !== readIpv4(subnet.address);
}

/** How many `addressesOf` gives. */
export function countAddresses(subnet: Subnet): number {
  const own = readIpv4(subnet.address) ?? 0;
  const [first, last] = bounds(subnet);
  const isBetween = own > first && own < last;
  return Math.max(0, last - first - 1 - (isBetween ? 1 : 0));
}

function bounds({ address, prefixLength }: Subnet): readonly [first: number, last: number] {
  const size = sizeOf(prefixLength);
  const first = Math.floor((readIpv4(address) ?? 0) / size) * size;
  return [first, first + size - 1];
}

const sizeOf = (prefixLength: number): number => 2 ** (32 - prefixLength);
