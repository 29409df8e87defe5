import type { GuestNetworkStatus } from "@mcp/runtime";
import type { Condition } from "./condition.ts";

/**
 * What is wrong with the network of virtual machines.
 *
 * @param held  how many addresses on it were given: those who have them need it, though nobody has named it.
 */
export function networkConditions(
  { state, bridge, ...status }: GuestNetworkStatus,
  held: number,
): Condition[] {
  const isMissed = state === "absent" && held > 0;
  if (state !== "failing" && !isMissed) return [];
  const machines = held === 1 ? "a virtual machine was" : `${held} virtual machines were`;
  const { why, hint } = isMissed
    ? {
        why: `there is no bridge ${bridge}, and ${machines} deployed to be on it: they reach nothing, and cannot be started`,
        hint: "make it: mcp-agent network setup --config FILE",
      }
    : status;
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
