/**
 * A node in a network namespace, as a program of its own: it does what it is told on its standard input, one JSON line each, and
 * answers with one on its standard output. See `node-in-namespace.ts`.
 */
import { createConnection, createServer } from "node:net";
import { createInterface } from "node:readline";
import { asProblem, isProblem } from "@mcp/base";
import { createLogger, realClock } from "@mcp/host";
import type { GuestNetworkEvent, WorkloadSpec } from "@mcp/runtime";
import { setUpBridge, tearDownBridge } from "../../src/index.ts";
import { openQemuRig } from "../rig.ts";

export interface Orders {
  readonly folder: string;
  readonly network: {
    readonly bridge: string;
    readonly isNamed?: boolean;
    readonly allow?: readonly string[];
  };
  /** The point at which starting a machine of this name stands still, for good. */
  readonly stands?: { readonly name: string; readonly where: string };
  readonly user?: string;
}

const { folder, network, stands, user }: Orders = JSON.parse(process.argv[2] ?? "");
const rig = openQemuRig(folder);
const tell = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const qemu = rig.connect({
  network,
  ...(user !== undefined && { user }),
  log: createLogger({ level: process.env.MCP_TEST_LOG === "debug" ? "debug" : "error" }),
  async faultPoint(where, name) {
    if (stands?.name !== name || stands.where !== where) return;
    tell({ stands: where });
    await new Promise(() => {});
  },
});
const never = new AbortController();
const signal = never.signal;
const heard: GuestNetworkEvent[] = [];
const listening = (async () => {
  for await (const event of qemu.network.events(signal)) heard.push(event);
})().catch(() => {});
const runtimeEvents = (async () => {
  for await (const _ of qemu.microvm.events(signal));
})().catch(() => {});

/** What a shell in the guest prints when it is told this; the guest listens on port 7 with one. */
async function ask(address: string, script: string): Promise<string> {
  // Its program runs a moment before it listens.
  for (let tries = 1; ; tries++) {
    try {
      return await askOnce(address, script);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED" || tries === 100) throw error;
      await realClock.sleep(50);
    }
  }
}

function askOnce(address: string, script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: address, port: 7, timeout: 30_000 });
    let text = "";
    socket.setEncoding("utf8").on("data", (data: string) => {
      text += data;
    });
    socket.once("error", reject).once("close", () => resolve(text));
    socket.once("timeout", () => socket.destroy(new Error(`${address} does not answer`)));
    socket.write(`${script}\nexit\n`);
  });
}

/** Says `host` to everybody who connects to this port, at whatever address of the host. */
function listen(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("host\n");
  });
  return new Promise((resolve, reject) =>
    server.once("error", reject).listen({ port, host: "::" }, () => resolve()),
  );
}

const does = {
  listen,
  start: (spec: WorkloadSpec) => qemu.microvm.start(spec, signal),
  stop: (name: string) => qemu.microvm.stop(name, { graceMs: 10_000 }, signal),
  remove: (name: string) => qemu.microvm.remove(name, signal),
  inspect: (name: string) => qemu.microvm.inspect(name, signal),
  list: () => qemu.microvm.list(signal),
  find: () => qemu.network.find(signal),
  answering: async (addresses: readonly string[]) => {
    const bridge = await qemu.network.find(signal);
    return bridge ? [...(await qemu.network.answering(bridge, addresses, signal))] : [];
  },
  status: () => qemu.network.status(signal),
  checks: async () => (await qemu.checks(signal)).filter(({ name }) => name.startsWith("network: ")),
  heard: async () => heard,
  ask,
  setUp: (address: string) =>
    setUpBridge({ bridge: network.bridge, address, allow: network.allow ?? [] }, signal),
  tearDown: () => tearDownBridge({ bridge: network.bridge }, signal),
  close: async () => {
    await qemu.close();
    never.abort();
    await Promise.all([listening, runtimeEvents]);
  },
} as const;

export type Told = typeof does;

tell({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, what, with: given }: { id: number; what: keyof Told; with: never[] } = JSON.parse(line);
  const work = does[what] as (...given: never[]) => Promise<unknown>;
  void work(...given).then(
    (answer) => tell({ id, answer }),
    (error: unknown) =>
      tell({
        id,
        problem: asProblem(error),
        isBug: !isProblem(error),
        stack: String((error as Error).stack),
      }),
  );
}
