import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { Problem, printSubnet, type Subnet } from "@mcp/base";
import { type Run, run as runProgram } from "@mcp/host";
import type { Bridge } from "@mcp/runtime";
import { requireAllowedPort } from "./allowed-port.ts";
import { findBridge } from "./bridge.ts";
import { readBridgeAddress } from "./bridge-subnet.ts";
import { requireBridgeName } from "./interface-name.ts";
import { Ip } from "./ip.ts";
import type { Link } from "./links.ts";
import { toolFailed } from "./network-problems.ts";
import { Nft } from "./nft.ts";
import { noRulesText, rulesText } from "./rules.ts";
import { readTapAlias } from "./tap-name.ts";

export interface SetUpOptions {
  readonly bridge: string;
  /** What the host has on it: `10.99.0.1/24`. */
  readonly address: string;
  /** Ports of that address that guests may reach: `8443`, `53/udp`. */
  readonly allow: readonly string[];
  readonly run?: Run;
}

/**
 * Make the bridge and the rules, as far as they are not there. What an agent that runs has in its rules stays.
 *
 * @returns what was done, for people; empty where all was there.
 * @throws Problem `config_invalid`, `bridge_unusable` where a device of that name is there and is something else,
 *   `network_not_permitted`, `tool_missing`, `network_failed`.
 * @example await setUpBridge({ bridge: "mcp-br0", address: "10.99.0.1/24", allow: ["8443"] }, signal);
 */
export async function setUpBridge(
  { bridge: name, address, allow, run = runProgram }: SetUpOptions,
  signal: AbortSignal,
): Promise<{ readonly bridge: Bridge; readonly did: readonly string[] }> {
  requireBridgeName(name);
  const subnet = requireBridgeAddress(address);
  const ports = allow.map(requireAllowedPort);
  const [ip, nft] = [new Ip(run), new Nft(run)];
  const did: string[] = [];
  const make = async (what: string, lines: readonly string[]): Promise<void> => {
    if (lines.length === 0) return;
    const done = await ip.batch(lines, signal);
    if (!done.ok) throw toolFailed(`${name} could not be set up`, done.stderr);
    did.push(what);
  };
  const before = (await ip.links(signal)).find((link) => link.name === name);
  if (!before) await make(`made the bridge ${name} with ${printSubnet(subnet)}`, newBridge(name, subnet));
  else if (before.kind === "bridge") await make(`completed the bridge ${name}`, missing(before, subnet));
  await withoutIpv6(name);
  const found = findBridge(name, await ip.links(signal));
  if (!found) throw toolFailed(`${name} could not be set up`, "it is gone again");
  const { bridge } = found;
  if (bridge.gateway !== subnet.address || bridge.prefixLength !== subnet.prefixLength) {
    const has = printSubnet({ address: bridge.gateway, prefixLength: bridge.prefixLength });
    throw new Problem(
      "bridge_unusable",
      `${name} has ${has} already, and not ${printSubnet(subnet)}`,
      `correct the config, [network] address = "${has}", or give it the other: ip addr replace`,
    );
  }
  // Both tables, or they were not made as a whole.
  if ((await nft.list(signal)).match(/^table \w+ mcp \{/gm)?.length !== 2) {
    await nft.apply(rulesText({ bridges: [bridge], allow: ports, guests: [] }), signal);
    did.push("set the rules");
  }
  return { bridge, did };
}

/**
 * Take the bridge and the rules away.
 *
 * @returns what was done, for people; empty where nothing was there.
 * @throws Problem `bridge_in_use` while anything is on it; what `setUpBridge` throws.
 */
export async function tearDownBridge(
  { bridge: name, run = runProgram }: Pick<SetUpOptions, "bridge" | "run">,
  signal: AbortSignal,
): Promise<{ readonly did: readonly string[] }> {
  requireBridgeName(name);
  const [ip, nft] = [new Ip(run), new Nft(run)];
  const links = await ip.links(signal);
  const link = links.find((each) => each.name === name);
  const did: string[] = [];
  if (link) {
    if (link.kind !== "bridge") findBridge(name, links);
    const ports = links.filter(({ master }) => master === name);
    if (ports.length > 0) throw inUse(name, ports);
    const done = await ip.batch([`link del dev ${name}`], signal);
    if (!done.ok) throw toolFailed(`${name} could not be taken away`, done.stderr);
    did.push(`took the bridge ${name} away`);
  }
  // After the bridge: an agent that runs would put them back while it is there.
  if ((await nft.list(signal)) !== "") {
    await nft.apply(noRulesText(), signal);
    did.push("took the rules away");
  }
  return { did };
}

/** `[network] address`, from which a bridge is made. */
function requireBridgeAddress(text: string): Subnet {
  const subnet = readBridgeAddress(text);
  if (subnet) return subnet;
  throw new Problem(
    "config_invalid",
    `[network] address is ${JSON.stringify(text.slice(0, 40))}, which is no address for a bridge`,
    'name one of the host\'s own, in a subnet from /8 to /29: address = "10.99.0.1/24"',
  );
}

/** Forwarding at once, without the tree that it has no loops for; a MAC of its own, which it would else take from a port. */
const newBridge = (name: string, subnet: Subnet): readonly string[] => [
  `link add name ${name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
  `link set dev ${name} address ${ownMac(name, subnet)}`,
  `link set dev ${name} addrgenmode none`,
  `addr add ${printSubnet(subnet)} dev ${name}`,
  `link set dev ${name} up`,
];

const missing = ({ name, addresses, speaksStp, isUp }: Link, subnet: Subnet): readonly string[] => [
  ...(speaksStp ? [`link set dev ${name} type bridge stp_state 0`] : []),
  ...(addresses.length === 0 ? [`addr add ${printSubnet(subnet)} dev ${name}`] : []),
  ...(isUp ? [] : [`link set dev ${name} up`]),
];

/** Locally administered, and the same each time it is made. */
function ownMac(name: string, { address }: Subnet): string {
  const hex = createHash("sha256").update(`bridge ${name} ${address}`).digest("hex");
  return ["02", ...[0, 2, 4, 6, 8].map((at) => hex.slice(at, at + 2))].join(":");
}

async function withoutIpv6(name: string): Promise<void> {
  await writeFile(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, "1").catch(
    (error: NodeJS.ErrnoException) => {
      // A host without IPv6. What may not be written is dropped by the rules all the same.
      if (!["ENOENT", "EACCES", "EPERM", "EROFS"].includes(error.code ?? "")) throw error;
    },
  );
}

function inUse(name: string, ports: readonly Link[]): Problem {
  const names = ports.map(({ alias, name: port }) => readTapAlias(alias)?.instance ?? port);
  return new Problem(
    "bridge_in_use",
    `${name} is in use by ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`,
    "stop what is on it first, see: mcp ps; then: mcp-agent network teardown",
  );
}
