import { readIpv4 } from "@mcp/base";
import type { Bridge, BridgeAttachment } from "@mcp/runtime";
import type { AllowedPort } from "./allowed-port.ts";
import { isInterfaceName } from "./interface-name.ts";
import { isTapName, tapPrefix } from "./tap-name.ts";

/** A virtual machine with its TAP device. */
export interface Guest {
  readonly instance: string;
  readonly tap: string;
  readonly attachment: BridgeAttachment;
}

/** All that the rules depend on. */
export interface RulesState {
  /** The one of the config, and those that virtual machines are on from before it was another. */
  readonly bridges: readonly Bridge[];
  readonly allow: readonly AllowedPort[];
  readonly guests: readonly Pick<Guest, "tap" | "attachment">[];
}

/** The name of both tables. They are replaced as a whole; nobody else's table is touched. */
export const tableName = "mcp";
export const families = ["bridge", "inet"] as const;

/**
 * The rules as `nft -f` reads them, in one transaction. Pure: the same state, in whatever order, gives the same text. Both
 * tables accept what they do not drop, so that others' rules still judge it.
 *
 * `bridge`: each frame of a guest carries the guest's own MAC and address, and goes to its gateway; each that goes to a guest
 * comes from the gateway. What has another type than ARP and IPv4 (IPv6, VLANs) is dropped, and so is whatever one port of the
 * bridge would pass on to another. One set says who is who: device, MAC, address, gateway; an ARP packet names its sender
 * twice, in the frame and inside, and both must be the guest's.
 *
 * `inet`: what comes from the bridge is an answer, or goes to an allowed port of the gateway; nothing is routed to it or from it.
 *
 * @throws Error for a name or an address that is none: it would be read as another rule.
 */
export function rulesText(state: RulesState): string {
  const bridges = unique(state.bridges.map(checkedBridge));
  const guests = unique(state.guests.map(element));
  const isOurs = (direction: "iifname" | "oifname"): string => `${direction} "${tapPrefix}*"`;
  const lines = [
    ...fresh("bridge"),
    "table bridge mcp {",
    "  set guests {",
    "    typeof iifname . ether saddr . ip saddr . ip daddr",
    ...(guests.length > 0 ? [`    elements = { ${guests.join(",\n      ")} }`] : []),
    "  }",
    ...chain("prerouting", "hook prerouting", [`${isOurs("iifname")} jump from_guest`]),
    ...chain("from_guest", undefined, [
      "ether type arp iifname . ether saddr . arp saddr ip . arp daddr ip @guests iifname . arp saddr ether . arp saddr ip . arp daddr ip @guests accept",
      "ether type ip iifname . ether saddr . ip saddr . ip daddr @guests accept",
      "drop",
    ]),
    ...chain("output", "hook output", [`${isOurs("oifname")} jump to_guest`]),
    ...chain("to_guest", undefined, [
      "ether type arp accept",
      "ether type ip oifname . ether daddr . ip daddr . ip saddr @guests accept",
      "drop",
    ]),
    ...chain("forward", "hook forward", [`${isOurs("iifname")} drop`, `${isOurs("oifname")} drop`]),
    "}",
    ...fresh("inet"),
    "table inet mcp {",
    ...chain(
      "input",
      "hook input",
      bridges.flatMap(({ name, gateway }) => [
        `iifname "${name}" ct state established,related accept`,
        ...unique(state.allow.map(({ port, protocol }) => `${protocol} dport ${port}`)).map(
          (match) => `iifname "${name}" ip daddr ${gateway} ${match} accept`,
        ),
        `iifname "${name}" drop`,
      ]),
    ),
    ...chain(
      "forward",
      "hook forward",
      bridges.flatMap(({ name }) => [`iifname "${name}" drop`, `oifname "${name}" drop`]),
    ),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

/** What removes both tables, whether they are there or not. */
export const noRulesText = (): string => `${families.flatMap(fresh).join("\n")}\n`;

/**
 * What a listing of rules must have in common with the text that they were made from, however a version of nft prints it: its
 * verdicts, and its guests.
 */
export function gist(text: string): string {
  const count = (what: RegExp): number => text.match(what)?.length ?? 0;
  return [/\baccept\b/g, /\bdrop\b/g, /\bjump\b/g, /"mcpt[0-9a-f]{11}"/g].map(count).join(" ");
}

/** A table can only be deleted where it is, and only added where it may be: this way round it is gone in any case. */
const fresh = (family: (typeof families)[number]): readonly string[] => [
  `table ${family} ${tableName}`,
  `delete table ${family} ${tableName}`,
];

const chain = (name: string, hook: string | undefined, rules: readonly string[]): readonly string[] => [
  `  chain ${name} {`,
  ...(hook === undefined ? [] : [`    type filter ${hook} priority filter; policy accept;`]),
  ...rules.map((rule) => `    ${rule}`),
  "  }",
];

function element({ tap, attachment }: RulesState["guests"][number]): string {
  const { address, mac, bridge } = attachment;
  const { gateway } = checkedBridge(bridge);
  if (!isTapName(tap) || !isMac(mac) || readIpv4(address) === undefined)
    throw new Error(`no guest of a bridge: ${JSON.stringify({ tap, address, mac })}`);
  return `"${tap}" . ${mac} . ${address} . ${gateway}`;
}

function checkedBridge(bridge: Bridge): Bridge {
  if (!isInterfaceName(bridge.name) || readIpv4(bridge.gateway) === undefined)
    throw new Error(`no bridge: ${JSON.stringify(bridge)}`);
  return bridge;
}

const isMac = (text: string): boolean => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text);

/** Each once, in an order of its own. */
function unique<T extends string | Bridge>(values: readonly T[]): readonly T[] {
  const keyOf = (value: T): string => (typeof value === "string" ? value : `${value.name} ${value.gateway}`);
  const byKey = new Map(values.map((value) => [keyOf(value), value]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
