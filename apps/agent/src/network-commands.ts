import { Problem } from "@mcp/base";
import { createLogger } from "@mcp/host";
import type { GuestNetworkStatus } from "@mcp/runtime";
import { setUpBridge, tearDownBridge } from "@mcp/runtime-qemu";
import type { AgentConfig } from "./config.ts";
import { wireRuntimes } from "./wire-runtimes.ts";

const withinMs = 60_000;

/**
 * Make the bridge and its rules, as far as they are not there; as often as one likes, also beside a running agent.
 *
 * @throws Problem of `setUpBridge`
 */
export async function setUpNetwork(config: AgentConfig): Promise<void> {
  const bridge = bridgeOf(config);
  if (bridge === undefined) return;
  const { did } = await setUpBridge(
    { bridge, address: config["network.address"], allow: config["network.allow"] },
    AbortSignal.timeout(withinMs),
  );
  say(...(did.length > 0 ? did : [`${bridge} is set up already`]));
}

/**
 * Take the bridge and its rules away, which nothing may be on.
 *
 * @throws Problem of `tearDownBridge`
 */
export async function tearDownNetwork(config: AgentConfig): Promise<void> {
  const bridge = bridgeOf(config);
  if (bridge === undefined) return;
  const { did } = await tearDownBridge({ bridge }, AbortSignal.timeout(withinMs));
  say(...(did.length > 0 ? did : [`${bridge} is not there`]));
}

/**
 * Say what there is, and what is on it.
 *
 * @throws the Problem that keeps it from working
 */
export async function showNetwork(config: AgentConfig): Promise<void> {
  const wired = wireRuntimes(config, createLogger({ level: "error" }));
  try {
    const { network } = wired.deps;
    const signal = AbortSignal.timeout(withinMs);
    const status = await network?.status(signal);
    if (!network || !status) return;
    say(...networkLines(status));
    if (status.state !== "failing") return;
    await network.find(signal);
    throw new Problem("network_failed", status.why ?? "it does not work", status.hint ?? "see: mcp doctor");
  } finally {
    await wired.close();
  }
}

/** For people. What fails is said as the problem that it is. */
export function networkLines({ bridge, state, subnet, allowed, guests }: GuestNetworkStatus): string[] {
  if (state === "off") return [turnedOff];
  if (state === "absent")
    return [
      `there is no bridge ${bridge}: virtual machines have user networking`,
      "  → make it: mcp-agent network setup --config FILE",
    ];
  return [
    `bridge: ${bridge}${subnet === undefined ? "" : `, ${subnet}`}`,
    `allowed: ${allowed.join(", ") || "nothing"}`,
    ...guests.map(
      ({ instance, tap, address, mac }) => `${instance || "nobody knows whose"}: ${address}, ${mac}, ${tap}`,
    ),
    ...(guests.length === 0 ? ["no virtual machine is on it"] : []),
  ];
}

const turnedOff = "the config turns the bridge off: [network] bridge is empty";

function bridgeOf(config: AgentConfig): string | undefined {
  const { name } = config["network.bridge"];
  if (name !== "") return name;
  say(turnedOff);
  return undefined;
}

const say = (...lines: readonly string[]): void => void process.stdout.write(`${lines.join("\n")}\n`);
