import type { NetworkReport } from "../reports/network-report.ts";

/** As in `mcp-br0, 10.99.0.1/24, 2 of 253 addresses given, 2 on it, may reach 8443/tcp`. */
export function networkText(network: NetworkReport): string {
  const { bridge, state, subnet, addressesGiven, addressesTotal, allowed, guests } = network;
  if (state === "off") return "user networking for virtual machines, the bridge is turned off";
  if (state === "absent") return `user networking for virtual machines, there is no bridge ${bridge}`;
  const name = state === "ready" ? bridge : `${bridge} (${state})`;
  if (subnet === "") return name;
  return [
    name,
    subnet,
    `${addressesGiven} of ${addressesTotal} addresses given`,
    `${guests} on it`,
    `may reach ${allowed.length > 0 ? `${allowed.join(" and ")} of this node` : "nothing"}`,
  ].join(", ");
}
