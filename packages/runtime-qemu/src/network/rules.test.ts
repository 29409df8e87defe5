import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gist, type RulesState, rulesText } from "./rules.ts";

const bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };
const guest = (last: number) => ({
  tap: `mcpt${last.toString(16).padStart(11, "0")}`,
  attachment: {
    bridge,
    address: `10.99.0.${last}`,
    mac: `02:00:00:00:00:${last.toString(16).padStart(2, "0")}`,
  },
});
const state: RulesState = {
  bridges: [bridge],
  allow: [
    { port: 8443, protocol: "tcp" },
    { port: 53, protocol: "udp" },
  ],
  guests: [guest(2), guest(3)],
};
const golden = (name: string) => readFileSync(new URL(`fixtures/${name}.nft`, import.meta.url), "utf8");

describe("the rules", () => {
  it("let two guests answer, and reach two ports of their gateway", () => {
    expect(rulesText(state)).toBe(golden("two-guests"));
  });

  it("without guests or ports let nothing in but answers", () => {
    expect(rulesText({ bridges: [bridge], allow: [], guests: [] })).toBe(golden("no-guests"));
  });

  it("are the same for the same state, in whatever order and however often it names a thing", () => {
    const other = { ...bridge, name: "old-br0", gateway: "10.98.0.1" };
    const guests = [2, 3, 4, 5].map(guest);
    const whole: RulesState = { ...state, bridges: [bridge, other], guests };
    fc.assert(
      fc.property(fc.shuffledSubarray(guests, { minLength: 4 }), (shuffled) => {
        const again = { ...whole, bridges: [other, bridge, other], guests: [...shuffled, guest(2)] };
        expect(rulesText(again)).toBe(rulesText(whole));
      }),
    );
  });

  it.each([
    { bridges: [{ ...bridge, name: 'x" accept; #' }] },
    { bridges: [{ ...bridge, name: "br*" }] },
    { bridges: [{ ...bridge, gateway: "0.0.0.0/0" }] },
    { guests: [{ ...guest(2), tap: "mcpt*" }] },
    { guests: [{ ...guest(2), attachment: { ...guest(2).attachment, mac: "02:00:00:00:00:02 }" } }] },
    { guests: [{ ...guest(2), attachment: { ...guest(2).attachment, address: "10.99.0.0/24" } }] },
  ])("are not written where a name or an address would be read as more: %j", (changes) => {
    expect(() => rulesText({ ...state, ...changes })).toThrow(/^no (bridge|guest)/);
  });
});

describe("the gist of rules", () => {
  it("differs where a rule or a guest is missing", () => {
    const text = rulesText(state);
    expect(gist(text)).toBe(gist(text.replaceAll("  ", "\t")));
    expect(gist(text)).not.toBe(gist(text.replace('iifname "mcp-br0" drop\n', "")));
    expect(gist(text)).not.toBe(gist(rulesText({ ...state, guests: [guest(2)] })));
  });
});
