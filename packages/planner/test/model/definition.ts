import type { RestartPolicy, Target } from "@mcp/planner";
import type { PortMapping } from "@mcp/runtime";
import type { Tape } from "./tape.ts";

export interface ComponentDefinition extends Omit<Target, "revision"> {
  readonly name: string;
  readonly graceMs: number;
}

/** Components in the order the operator wrote them. */
export type Definition = readonly ComponentDefinition[];

export const componentNames = ["a", "b", "c", "d"] as const;

const claims: readonly Omit<PortMapping, "guest">[] = [
  { address: "", host: 80, protocol: "tcp" },
  { address: "10.0.0.1", host: 80, protocol: "tcp" },
  { address: "10.0.0.2", host: 80, protocol: "tcp" },
  { address: "", host: 80, protocol: "udp" },
  { address: "0.0.0.0", host: 81, protocol: "tcp" },
  { address: "10.0.0.1", host: 81, protocol: "tcp" },
  { address: "::", host: 82, protocol: "tcp" },
];

/** Written down apart from the planner's own, so that a mistake there is not repeated here. */
export function conflict(some: readonly PortMapping[], others: readonly PortMapping[]): boolean {
  const everywhere = ["", "0.0.0.0", "::"];
  for (const a of some)
    for (const b of others) {
      if (a.host !== b.host || a.protocol !== b.protocol) continue;
      if (a.address === b.address || everywhere.includes(a.address) || everywhere.includes(b.address))
        return true;
    }
  return false;
}

/** Exits as soon as it has started, so that it never stands. */
export const isBroken = (specHash: string): boolean => specHash.includes("v3");

/** What a definition that passed every check looks like: no circle in `dependsOn`, no host port claimed twice. */
export function drawDefinition(tape: Tape): Definition {
  const names = [componentNames[0], ...componentNames.slice(1).filter(() => tape.once(2))];
  const isBackwards = tape.once(2);
  const taken: PortMapping[] = [];
  const components = names.map((name, index): ComponentDefinition => {
    const ports = tape
      .subset(claims)
      .slice(0, 2)
      .map((claim) => ({ ...claim, guest: 8080 }))
      .filter((port) => {
        const isFree = !conflict([port], taken);
        if (isFree) taken.push(port);
        return isFree;
      });
    const variant = `v${tape.below(4)}`;
    const before = isBackwards ? names.slice(index + 1) : names.slice(0, index);
    return {
      name,
      specHash: `${name}-${variant}-${ports.map(({ address, host, protocol }) => `${address}:${host}/${protocol}`)}`,
      kind: tape.pick(["container", "microvm"]),
      image: { reference: `registry.example/${variant}:1`, digest: `sha256:${variant}` },
      ports,
      dependsOn: tape.subset(before),
      update: tape.pick(["stop-first", "start-first"]),
      restart: tape.pick<RestartPolicy>([
        { policy: "unless-stopped" },
        { policy: "always" },
        { policy: "on-failure" },
        { policy: "on-failure", maxRetries: 2 },
        { policy: "no" },
      ]),
      startPeriodMs: 5_000,
      graceMs: 10_000,
      ...(tape.once(3) && { health: { restart: tape.once(2), limitMs: 35_000 } }),
    };
  });
  return tape.once(2) ? components.toReversed() : components;
}
