import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type AgentClient, connect, type OperationJson, type OperationUpdateJson } from "@mcp/client";
import { realClock } from "@mcp/host";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { spawnAgent } from "../../apps/agent/test/agent-process.ts";
import {
  type PodmanRig,
  rigMissing as podmanMissing,
  startPodmanRig,
} from "../../packages/runtime-podman/test/rig.ts";
import { guestKernel } from "../../packages/runtime-qemu/test/guest-kernel.ts";
import { Namespace, networkMissing } from "../../packages/runtime-qemu/test/network/namespace.ts";
import { rigMissing as qemuMissing } from "../../packages/runtime-qemu/test/rig.ts";
import { removeVms } from "./remove-vms.ts";

/** A node of a test's own: real podman with its own store, and the real agent as a process. */
export interface TestNode {
  readonly rig: PodmanRig;
  readonly folder: string;
  readonly config: string;
  /** Of its virtual machines; QEMU runs as `nobody`. */
  readonly vmState: string;
  /** Where it has one of its own. */
  readonly network: Namespace | undefined;
  readonly client: AgentClient;
  /** Of the present agent. */
  readonly agent: ChildProcess;
  /**
   * Start the agent; resolves when it serves.
   * @param words  before the program, which become it: `setpriv …`.
   */
  start(words?: readonly string[]): Promise<void>;
  /** Wait until the agent has looked at everything so often, each time from beginning to end. */
  passes(count: number): Promise<void>;
  /** Send a signal, and wait until the agent is gone. Returns its exit code, if it had one. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  close(): Promise<void>;
}

export interface NodeOptions {
  /** Between two passes. */
  readonly interval?: string;
  /** More keys of `[monitor]`; `FOLDER` in it is the folder of the test. */
  readonly monitor?: string;
  /** The tests need virtual machines, too. */
  readonly microvms?: boolean;
  /** It is in a network of its own, which has a loopback device and nothing else. */
  readonly ownNetwork?: boolean;
  /** Before the first test. */
  readonly prepare?: () => Promise<unknown>;
}

/** A node for all tests of a file; where there can be none, each is skipped, saying why. It is there once they run. */
export function withNode(options: NodeOptions = {}): TestNode {
  const { microvms = false, ownNetwork = false, prepare } = options;
  let node: TestNode | undefined;
  const isMissing = skipWhere(
    async () =>
      (await podmanMissing("root")) ??
      (microvms ? await qemuMissing() : undefined) ??
      (ownNetwork ? await networkMissing() : undefined),
  );
  beforeAll(async () => {
    if (isMissing()) return;
    node = await startNode(options);
    await prepare?.();
  }, 180_000);
  afterAll(() => node?.close(), 60_000);
  const there = () => node ?? expect.fail("the node has not been started");
  return new Proxy({} as TestNode, { get: (_, key) => Reflect.get(there(), key) });
}

/** For a group of tests on a node that does without virtual machines: it is skipped where there can be none. */
export const needMicrovms = (): void => void skipWhere(qemuMissing);

/** Returns whether something is missing, as known once the first `beforeAll` has run. */
function skipWhere(missing: () => Promise<string | undefined>): () => boolean {
  let why: string | undefined;
  beforeAll(async () => {
    why = await missing();
  });
  beforeEach(({ skip }) => {
    if (why !== undefined) skip(why);
  });
  return () => why !== undefined;
}

async function startNode({
  interval = "2s",
  monitor = "",
  ownNetwork = false,
}: NodeOptions): Promise<TestNode> {
  const rig = await startPodmanRig();
  const folder = join(rig.folder, "agent");
  await mkdir(join(folder, "srv"), { recursive: true });
  // QEMU's user passes through both.
  for (const path of [rig.folder, folder]) await chmod(path, 0o711);
  // As by default: all of it in one folder, which the agent makes, and through which QEMU's user passes.
  const home = join(folder, "home", "mcp");
  const vmState = join(home, "vm-state");
  const config = join(folder, "mcp-agent.toml");
  const socket = join(folder, "agent.sock");
  await writeFile(
    config,
    `[agent]\nnode = "test"\n[server]\nsocket = "${socket}"\n[database]\npath = "${home}/mcp.db"\n` +
      `[volumes]\nallow = ["${folder}/srv"]\n` +
      `[podman]\nsocket = "${rig.socket}"\nulimits = ${JSON.stringify(rig.ulimits)}\n[monitor]\ninterval = "${interval}"\n${monitor.replaceAll("FOLDER", folder)}\n` +
      `[vm]\nstate_dir = "${vmState}"\nimage_dir = "${home}/images"\nuser = "nobody"\n` +
      `[vm.linux]\nkernel = "${guestKernel.paths.kernel ?? ""}"\n`,
  );
  let agent: ChildProcess | undefined;
  const network = ownNetwork ? await Namespace.make() : undefined;
  const node: TestNode = {
    rig,
    folder,
    config,
    vmState,
    network,
    client: connect({ address: `unix:${socket}` }),
    get agent() {
      if (!agent) throw new Error("no agent runs");
      return agent;
    },
    async start(words = []) {
      const before = [...(network?.words ?? []), ...words];
      agent = spawnAgent(["server", "--config", config], undefined, {}, before);
      let log = "";
      agent.stdout?.resume();
      const serves = new Promise<void>((resolve, reject) => {
        agent?.stderr?.on("data", (chunk: Buffer) => {
          log += chunk.toString();
          if (log.includes('"msg":"serving"')) resolve();
        });
        agent?.once("exit", (code) => reject(new Error(`the agent ended with ${code}:\n${log}`)));
      });
      await serves;
    },
    async passes(count) {
      // One may be under way.
      const enough = (await passesOf(socket)) + count + 1;
      while ((await passesOf(socket)) < enough) await realClock.sleep(50);
    },
    async end(signal) {
      const gone = once(node.agent, "exit");
      node.agent.kill(signal);
      const [code] = await gone;
      return code as number | null;
    },
    async close() {
      if (agent && agent.exitCode === null && agent.signalCode === null) await node.end("SIGTERM");
      node.client.close();
      await removeVms(vmState);
      await network?.close();
      await rig.close();
    },
  };
  try {
    await node.start();
  } catch (thrown) {
    await network?.close();
    await rig.close();
    throw thrown;
  }
  return node;
}

/** How many passes the agent has made, by its metrics. */
async function passesOf(socketPath: string): Promise<number> {
  const [answer] = await once(request({ socketPath, path: "/metrics" }).end(), "response");
  const metrics = await text(answer as IncomingMessage);
  return Number(/^mcp_pass_duration_seconds_count (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

/** The operation as the last update of a stream holds it. */
export async function last(
  updates: AsyncIterable<{ readonly update?: OperationUpdateJson }>,
): Promise<OperationJson> {
  let operation: OperationJson | undefined;
  for await (const { update } of updates) operation = update?.operation ?? operation;
  if (!operation) throw new Error("the stream held no operation");
  return operation;
}

let requests = 0;
export const newRequestId = (): string => `e2e-${process.pid}-${++requests}`;

export const deploy = (node: TestNode, toml: string, requestId = newRequestId()) =>
  last(node.client.deploy({ requestId, definition: { toml, file: "test.toml" } }));
