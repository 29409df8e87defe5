import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AgentClient, connect, type OperationJson, type OperationUpdateJson } from "@mcp/client";
import { spawnAgent } from "../../apps/agent/test/agent-process.ts";
import { type PodmanRig, startPodmanRig } from "../../packages/runtime-podman/test/rig.ts";
import { guestKernel } from "../../packages/runtime-qemu/test/guest-kernel.ts";
import { removeVms } from "./remove-vms.ts";

/** A node of a test's own: real podman with its own store, and the real agent as a process. */
export interface TestNode {
  readonly rig: PodmanRig;
  readonly folder: string;
  readonly config: string;
  /** Of its virtual machines; QEMU runs as `nobody`. */
  readonly vmState: string;
  readonly client: AgentClient;
  /** Of the present agent. */
  readonly agent: ChildProcess;
  /** Start the agent; resolves when it serves. */
  start(): Promise<void>;
  /** Send a signal, and wait until the agent is gone. Returns its exit code, if it had one. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  close(): Promise<void>;
}

/** @param monitor  more keys of `[monitor]`; `FOLDER` in it is the folder of the test. */
export async function startNode({ monitor = "" } = {}): Promise<TestNode> {
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
      `[podman]\nsocket = "${rig.socket}"\nulimits = ${JSON.stringify(rig.ulimits)}\n[monitor]\ninterval = "2s"\n${monitor.replaceAll("FOLDER", folder)}\n` +
      `[vm]\nstate_dir = "${vmState}"\nimage_dir = "${home}/images"\nuser = "nobody"\n` +
      `[vm.linux]\nkernel = "${guestKernel.paths.kernel ?? ""}"\n`,
  );
  let agent: ChildProcess | undefined;
  const node: TestNode = {
    rig,
    folder,
    config,
    vmState,
    client: connect({ address: `unix:${socket}` }),
    get agent() {
      if (!agent) throw new Error("no agent runs");
      return agent;
    },
    async start() {
      agent = spawnAgent(["server", "--config", config]);
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
      await rig.close();
    },
  };
  try {
    await node.start();
  } catch (thrown) {
    await rig.close();
    throw thrown;
  }
  return node;
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
