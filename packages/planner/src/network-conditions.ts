import type { GuestNetworkStatus } from "@mcp/runtime";
import type { Condition } from "./condition.ts";

/** What is wrong with the network of virtual machines, which should be there. */
export function networkConditions({ state, bridge, why, hint }: GuestNetworkStatus): Condition[] {
  if (state !== "failing") return [];
  return [
    {
      service: "",
      component: "",
      code: "network_failing",
      subject: bridge,
      severity: "critical",
      title: `the network of virtual machines (${bridge}) does not work`,
      text: why ?? "nobody can say why",
      hint: hint ?? "see: mcp doctor",
    },
  ];
}
