import { createSocket } from "node:dgram";
import type { Clock } from "@mcp/base";
import type { Bridge, BridgeAttachment } from "@mcp/runtime";
import type { Ip } from "./ip.ts";
import type { Neighbour } from "./links.ts";

/** Nobody listens there; what the datagram says is of no matter. */
const discardPort = 9;
const askEveryMs = 30;

export interface ProbeDeps {
  readonly ip: Ip;
  readonly clock: Clock;
  readonly withinMs: number;
}

/**
 * Who on the bridge answers for some of these addresses. The kernel is made to ask by ARP, with a datagram to each, and tells whom
 * it has heard: so no raw socket is needed, and no capability but that for the bridge. What it remembers from before is
 * forgotten first, and what it has learned afterwards.
 */
export async function whoAnswers(
  bridge: Bridge,
  addresses: readonly string[],
  { ip, clock, withinMs }: ProbeDeps,
  signal: AbortSignal,
): Promise<readonly Neighbour[]> {
  if (addresses.length === 0) return [];
  const forget = addresses.map((address) => forgetNeighbour(bridge, address));
  await ip.batch(forget, signal, true);
  try {
    await knock(bridge, addresses);
    const deadline = clock.monotonic() + withinMs;
    for (;;) {
      await clock.sleep(Math.min(askEveryMs, Math.max(0, deadline - clock.monotonic())), signal);
      const found = await ip.neighbours(bridge.name, signal);
      const asked = found.filter(({ address }) => addresses.includes(address));
      if (asked.length === addresses.length || clock.monotonic() >= deadline) return asked;
    }
  } finally {
    await ip.batch(forget, new AbortController().signal, true);
  }
}

/** On one bridge an answer takes well under a millisecond, or a few where it comes from a machine without KVM. */
const bootingMs = 30;

/**
 * Ask who answers for an address that is about to be used, and wait as long as that may take. Who has answered is then among the
 * neighbours: made for what is nearly always so, that nobody has, for which no program is started. What is left in the kernel's memory
 * `forgetNeighbour` takes away.
 */
export async function askWhoHas(
  { bridge, address }: BridgeAttachment,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await knock(bridge, [address]);
  await clock.sleep(bootingMs, signal);
}

/** As a command of `ip -batch`. */
export const forgetNeighbour = ({ name }: Bridge, address: string): string =>
  `neigh flush to ${address} dev ${name}`;

/** From the bridge's own address, which its subnet is reached by. What cannot be sent, nobody can answer. */
async function knock({ gateway }: Bridge, addresses: readonly string[]): Promise<void> {
  const socket = createSocket("udp4");
  try {
    const isBound = await new Promise<boolean>((resolve) => {
      socket.once("error", () => resolve(false));
      socket.bind({ address: gateway, port: 0, exclusive: true }, () => resolve(true));
    });
    if (!isBound) return;
    socket.on("error", () => {});
    await Promise.all(
      addresses.map(
        (address) => new Promise<void>((resolve) => socket.send("", discardPort, address, () => resolve())),
      ),
    );
  } finally {
    socket.close();
  }
}
