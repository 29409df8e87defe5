import type { PortMapping } from "@mcp/runtime";

const wildcard = new Set(["", "0.0.0.0", "::"]);

/** Whether two lists claim the same host port; a wildcard address takes it on every address. */
export function portsOverlap(some: readonly PortMapping[], others: readonly PortMapping[]): boolean {
  return some.some((a) =>
    others.some(
      (b) =>
        a.host === b.host &&
        a.protocol === b.protocol &&
        (a.address === b.address || wildcard.has(a.address) || wildcard.has(b.address)),
    ),
  );
}
