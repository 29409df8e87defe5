import { access, constants, stat } from "node:fs/promises";
import type { GuestNetworkStatus } from "@mcp/runtime";
import type { Link } from "../network/links.ts";
import type { Traces } from "../network/traces.ts";
import { findProgram } from "../process/find-program.ts";
import { type Finding, toCheck, type VmCheck } from "./vm-checks.ts";

/** What was found about the network of virtual machines. */
export interface NetworkFacts {
  readonly status: GuestNetworkStatus;
  readonly mayChange: boolean;
  /** Undefined where they cannot be listed. */
  readonly links: readonly Link[] | undefined;
  /** Of the rules; undefined where they cannot be read, or this process does not look after them. */
  readonly rules: "in place" | "changed" | "outdated" | undefined;
  readonly traces: Traces;
}

/** One check for each thing that virtual machines on a bridge need. Where there is no bridge, there is one to say so. */
export async function checkNetwork(facts: NetworkFacts): Promise<readonly VmCheck[]> {
  const { status, traces } = facts;
  const isWanted = status.state === "ready" || status.state === "failing" || status.guests.length > 0;
  const strays = straysOf(traces);
  if (!isWanted)
    return [
      toCheck("network: bridge", bridgeOf(status)),
      ...(strays.ok ? [] : [toCheck("network: strays", strays)]),
    ];
  return [
    toCheck("network: bridge", bridgeOf(status)),
    toCheck("network: programs", await programs()),
    toCheck("network: permission", permission(facts)),
    toCheck("network: devices", await devices("/dev/net/tun")),
    toCheck("network: rules", rulesOf(facts)),
    toCheck("network: ports", portsOf(facts)),
    toCheck("network: strays", strays),
  ];
}

export function bridgeOf({ bridge, state, subnet, why, hint, guests }: GuestNetworkStatus): Finding {
  const text = `${guests.length} virtual machine${guests.length === 1 ? " is" : "s are"} on it`;
  if (state === "ready") return { ok: true, text: `${bridge} has ${subnet}, and ${text}` };
  if (state === "off") return { ok: true, text: "turned off: virtual machines get user networking" };
  if (state === "absent")
    return { ok: true, text: `there is no ${bridge}: virtual machines get user networking` };
  return { ok: false, why: why ?? `${bridge} cannot be used`, hint: hint ?? "mcp-agent network status" };
}

async function programs(): Promise<Finding> {
  const found = await Promise.all(
    (["ip", "nft", "setpriv"] as const).map(async (name) => ({ name, path: await findProgram(name) })),
  );
  const missing = found.filter(({ path }) => path === undefined).map(({ name }) => name);
  if (missing.length === 0) return { ok: true, text: found.map(({ path }) => path).join(", ") };
  const why = `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not installed`;
  return { ok: false, why, hint: "install them: apt install iproute2 nftables util-linux" };
}

const permission = ({ mayChange }: NetworkFacts): Finding =>
  mayChange
    ? { ok: true, text: "the agent may change this host's network" }
    : {
        ok: false,
        why: "the agent may not change this host's network: it lacks the capability CAP_NET_ADMIN",
        hint: "systemctl edit mcp-agent, with [Service] AmbientCapabilities=CAP_NET_ADMIN",
      };

/** QEMU opens it as its own user. */
export async function devices(path: string): Promise<Finding> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return { ok: false, why: `there is no ${path}`, hint: "load its module: modprobe tun" };
  const isForAll = (found.mode & 0o006) === 0o006;
  const isForOwn = await access(path, constants.R_OK | constants.W_OK).then(
    () => process.getuid?.() !== 0,
    () => false,
  );
  if (isForAll || isForOwn) return { ok: true, text: path };
  return { ok: false, why: `the user that QEMU runs as may not open ${path}`, hint: `chmod 0666 ${path}` };
}

function rulesOf({ rules, status }: NetworkFacts): Finding {
  if (rules === "in place")
    return { ok: true, text: `in place, with ports ${status.allowed.join(", ") || "none"}` };
  if (rules === undefined)
    return { ok: false, why: "the rules cannot be read by this agent", hint: "nft list table bridge mcp" };
  const why = rules === "changed" ? "somebody has changed the rules" : "the rules are not set yet";
  return { ok: false, why: `${why}; the agent is about to set them`, hint: "see by whom: nft monitor" };
}

/** Whatever else is on the bridge, guests are kept from by the rules alone. */
export function portsOf({ links, status, traces }: NetworkFacts): Finding {
  const ours = new Set([...status.guests, ...traces.strays].map(({ tap }) => tap));
  const others = (links ?? []).filter(({ master, name }) => master === status.bridge && !ours.has(name));
  if (others.length === 0) return { ok: true, text: "nothing else is on the bridge" };
  const names = others.map(({ name }) => name).join(", ");
  return {
    ok: false,
    why: `${status.bridge} is not only virtual machines': ${names}`,
    hint: `an isolated bridge has no other ports: ip link set ${others[0]?.name} nomaster`,
  };
}

export function straysOf({ strays, elements, unmarked }: Traces): Finding {
  const parts = [
    ...strays.map(({ tap, instance }) => `the TAP device ${tap} of ${instance}, which does not run`),
    ...unmarked.map((name) => `the device ${name}, which has a name of ours and no mark`),
    ...elements.map((name) => `a rule for ${name}, which is not there`),
  ];
  if (parts.length === 0) return { ok: true, text: "nothing is left over" };
  const [first] = [...strays.map(({ tap }) => tap), ...unmarked];
  return {
    ok: false,
    why: `left over: ${parts.slice(0, 5).join("; ")}${parts.length > 5 ? `; and ${parts.length - 5} more` : ""}`,
    hint:
      first === undefined
        ? "see them: nft list table bridge mcp"
        : `see it, and remove it: ip link del ${first}`,
  };
}
