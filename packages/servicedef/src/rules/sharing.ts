import type { Port } from "../definition.ts";
import { called, type Placed, placed } from "./draft.ts";

/** Every address of a family; a port without an address has both of these. */
const every = { ipv4: "0.0.0.0", ipv6: "::" };

/** A host port has one owner per protocol and address. */
export function checkHostPorts(components: readonly Placed[]): void {
  // By port, protocol and family, then address, and not pair by pair: a hostile definition has tens of thousands.
  const owners = new Map<string, Map<string, Placed>>();
  for (const by of components) {
    for (const [port, place] of placed(by.component.ports, by.at.key("ports"))) {
      const claims = addressesOf(port).map(([family, address]) => {
        const key = `${port.host}/${port.protocol}/${family}`;
        const taken = owners.get(key) ?? new Map<string, Placed>();
        owners.set(key, taken);
        const anyone = address === every[family] ? taken.values().next().value : undefined;
        return { taken, address, owner: taken.get(address) ?? taken.get(every[family]) ?? anyone };
      });
      const owner = claims.find((claim) => claim.owner)?.owner;
      if (owner) {
        const what = `host port ${port.host}/${port.protocol}${onAddress(port)}`;
        place.wrong(`${what} is wanted ${both("by", by, owner)}; pick another host port`);
      } else for (const { taken, address } of claims) taken.set(address, by);
    }
  }
}

function addressesOf({ address }: Port): ["ipv4" | "ipv6", string][] {
  if (address === "")
    return [
      ["ipv4", every.ipv4],
      ["ipv6", every.ipv6],
    ];
  return [[address.includes(":") ? "ipv6" : "ipv4", address]];
}

const onAddress = ({ address }: Port): string => (address === "" ? "" : ` on ${address}`);

function both(word: "by" | "to", one: Placed, other: Placed): string {
  return one === other
    ? `${word} ${called(one)} twice`
    : `${word} ${called(one)} and ${word} ${called(other)}`;
}

/** Names within a component make variables; host name and port together make one entry of the proxy. */
export function checkRoutes(components: readonly Placed[]): void {
  const entries = new Map<string, Placed>();
  for (const by of components) {
    const names = new Set<string>();
    for (const [route, place] of placed(by.component.routes, by.at.key("routes"))) {
      if (route.name !== undefined && names.has(route.name))
        place
          .key("name")
          .wrong(`two routes of ${called(by)} are called "${route.name}"; give this one another name`);
      if (route.name !== undefined) names.add(route.name);
      if (route.port === undefined || place.key("hostname").hasMistake) continue;
      const entry = `${route.hostname ?? ""}:${route.port}`;
      const other = entries.get(entry);
      const host = route.hostname ?? "the service's own host name";
      if (other)
        place
          .key("port")
          .wrong(
            `port ${route.port} of ${host} leads ${both("to", by, other)}; give one another port or hostname`,
          );
      else entries.set(entry, by);
    }
  }
}
