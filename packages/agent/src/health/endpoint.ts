import type { PortMapping } from "@mcp/runtime";

/** Where a check asks. */
export interface Endpoint {
  /** Without brackets. */
  readonly address: string;
  readonly port: number;
}

/**
 * Where a guest's TCP port is reached from this host: where it is published, else on the workload's own address.
 *
 * @param ownAddress  absent where it has none that this host can reach.
 */
export function findEndpoint(
  guestPort: number,
  ports: readonly PortMapping[],
  ownAddress: string | undefined,
): Endpoint | undefined {
  const published = publishedPort(guestPort, ports);
  if (published) return { address: reachable(published.address), port: published.host };
  return ownAddress === undefined ? undefined : { address: ownAddress, port: guestPort };
}

/** On this host itself rather than on one of its addresses, if both are there: that always works. */
export function publishedPort(guestPort: number, ports: readonly PortMapping[]): PortMapping | undefined {
  const all = ports.filter(({ guest, protocol }) => guest === guestPort && protocol === "tcp");
  return all.find(({ address }) => isEverywhere(address) || address === "127.0.0.1") ?? all[0];
}

const isEverywhere = (address: string): boolean =>
  address === "" || address === "0.0.0.0" || address === "::";

function reachable(address: string): string {
  if (address === "::") return "::1";
  return isEverywhere(address) ? "127.0.0.1" : address;
}

/** As in a URL. */
export const printEndpoint = ({ address, port }: Endpoint): string =>
  `${address.includes(":") ? `[${address}]` : address}:${port}`;
