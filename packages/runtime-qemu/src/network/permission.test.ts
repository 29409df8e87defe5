import { describe, expect, it } from "vitest";
import { mayProgramsChangeNetwork } from "./permission.ts";

const status = (uid: number, bounding: string, ambient: string): string =>
  `Name:\tnode\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nCapInh:\t0\nCapPrm:\t0000000000001000\nCapEff:\t0000000000001000\nCapBnd:\t${bounding}\nCapAmb:\t${ambient}\n`;

describe("what an agent starts may change the network", () => {
  it.each([
    ["as root", true, status(0, "000001fffeffffff", "0000000000000000")],
    ["as root of a container that lacks the capability", false, status(0, "00000000a80425fb", "0")],
    [
      "as a user with the capability in the ambient set",
      true,
      status(1000, "000001fffeffffff", "0000000000001000"),
    ],
    ["as a user with other capabilities there", false, status(1000, "000001fffeffffff", "0000000000000400")],
    // As a program with file capabilities: what it starts has them no more.
    ["as a user who has it for itself alone", false, status(1000, "000001fffeffffff", "0000000000000000")],
    ["where that cannot be read", false, ""],
  ])("%s: %s", (_, expected, text) => {
    expect(mayProgramsChangeNetwork(text)).toBe(expected);
  });
});
