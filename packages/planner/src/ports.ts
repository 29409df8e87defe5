import { type HostPort, hostPortsOverlap } from "@mcp/base";
import type { PortMapping } from "@mcp/runtime";

export const toHostPort = ({ address, host, protocol }: PortMapping): HostPort => ({
  address,
  port: host,
  protocol,
});

/** Whether two lists claim the same host port; a wildcard address takes it on every address. */
export function portsOverlap(some: readonly PortMapping[], others: readonly PortMapping[]): boolean {
  return some.some((a) => others.some((b) => hostPortsOverlap(toHostPort(a), toHostPort(b))));
}
