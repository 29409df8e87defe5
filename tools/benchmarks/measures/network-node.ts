import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AgentClient, connect, type OperationUpdateJson } from "@mcp/client";
import { guestKernel } from "../../../packages/runtime-qemu/test/guest-kernel.ts";
import { Namespace } from "../../../packages/runtime-qemu/test/network/namespace.ts";
import { removeVms } from "../../../test/e2e/remove-vms.ts";
import type { BenchNode } from "../bench-node.ts";

const checkout = join(import.meta.dirname, "../../..");
const service = "guest";

/** The bridge of the bench, as commands of `ip -batch`. */
export const bridgeLines = [
  "link add mcp-br0 type bridge stp_state 0",
  "addr add 10.99.0.1/24 dev mcp-br0",
  "link set mcp-br0 up",
] as const;

/** The bundled agent in a network of its own, with one service that it can deploy: a microVM whose port 7 is a shell. */
export class NetworkNode {
  readonly namespace: Namespace;
  readonly client: AgentClient;
  readonly #folder: string;
  readonly #image: string;
  #agent: ChildProcess | undefined;
  #log = "";
  #requests = 0;

  private constructor(namespace: Namespace, folder: string, image: string) {
    this.namespace = namespace;
    this.#folder = folder;
    this.#image = image;
    this.client = connect({ address: `unix:${join(folder, "agent.sock")}` });
  }

  /** @param bridge  its name; empty: guests are on user networking. Its podman is the bench's. */
  static async start({ rig }: BenchNode, bridge: "mcp-br0" | ""): Promise<NetworkNode> {
    const folder = await mkdtemp("/tmp/mcpt-");
    await chmod(folder, 0o711);
    const node = new NetworkNode(await Namespace.make(), folder, rig.image);
    try {
      if (bridge !== "") await node.namespace.run(["ip", "-batch", "-"], `${bridgeLines.join("\n")}\n`);
      await writeFile(
        join(folder, "agent.toml"),
        `[agent]\nnode = "bench-${bridge === "" ? "user" : "bridge"}"\n[server]\nsocket = "${folder}/agent.sock"\n` +
          `[database]\npath = "${folder}/mcp.db"\n[podman]\nsocket = "${rig.socket}"\nulimits = ${JSON.stringify(rig.ulimits)}\n` +
          `[vm]\nstate_dir = "${node.#vmState}"\nimage_dir = "${folder}/images"\nuser = "nobody"\n` +
          `[vm.linux]\nkernel = "${guestKernel.paths.kernel ?? ""}"\n[network]\nbridge = "${bridge}"\n`,
      );
      await node.#startAgent();
      return node;
    } catch (error) {
      await node[Symbol.asyncDispose]();
      throw error;
    }
  }

  get #vmState(): string {
    return join(this.#folder, "vm-state");
  }

  async #startAgent(): Promise<void> {
    const [program = "", ...args] = [
      ...this.namespace.words,
      ...[process.execPath, join(checkout, "apps/agent/bin/mcp-agent.js"), "server"],
      ...["--config", join(this.#folder, "agent.toml")],
    ];
    const agent = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#agent = agent;
    await new Promise<void>((resolve, reject) => {
      // Read to its end: an agent whose log nobody takes would end.
      agent.stderr.on("data", (chunk: Buffer) => {
        this.#log = (this.#log + chunk).slice(-2_000);
        if (this.#log.includes('"msg":"serving"')) resolve();
      });
      agent.once("exit", () => reject(new Error(`the agent ended: ${this.#log}`)));
    });
  }

  /**
   * Deploy the guest, and return how many milliseconds went by until its QEMU was about to begin. How long it took to boot is not in
   * it, since without KVM two boots differ by more than what is measured here.
   *
   * @param word  another one makes it another guest.
   */
  async untilQemu(word: string): Promise<number> {
    const toml =
      `name = "${service}"\n[[components]]\nname = "vm"\nimage = "${this.#image}"\nruntime = "microvm"\nmemory = 96\n` +
      `entrypoint = ["/bin/busybox", "nc", "-ll", "-p", "7", "-e", "/bin/sh"]\ncmd = []\nvolumes = []\n` +
      `start_period = "0s"\ngrace = "0s"\nenv = { WORD = "${word}" }\n`;
    const beganMs = Date.now();
    await this.#done(
      this.client.deploy({ requestId: this.#request(), definition: { toml, file: "guest.toml" } }),
    );
    const { instance = "" } = (await this.#live()) ?? {};
    // Written by its keeper, right before it becomes QEMU.
    return (await stat(join(this.#vmState, instance, "pid"))).mtimeMs - beganMs;
  }

  stop(): Promise<void> {
    return this.#done(this.client.stop({ requestId: this.#request(), service }));
  }

  undeploy(): Promise<void> {
    return this.#done(this.client.undeploy({ requestId: this.#request(), service }));
  }

  /** The pid of its QEMU. */
  async pid(): Promise<number> {
    return (await this.#live())?.pid ?? 0;
  }

  async #live() {
    return (await this.client.liveCheck({ service })).instances?.find(({ pid }) => pid);
  }

  #request(): string {
    return `bench-${process.pid}-${++this.#requests}`;
  }

  async #done(updates: AsyncIterable<{ readonly update?: OperationUpdateJson }>): Promise<void> {
    let problem: string | undefined;
    for await (const { update } of updates) problem = update?.operation?.problem?.message ?? problem;
    if (problem !== undefined) throw new Error(problem);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const agent = this.#agent;
    const isAlive = agent && agent.exitCode === null && agent.signalCode === null;
    // By who is in its network: its rules are no affair of this one's.
    if (isAlive) await this.undeploy().catch(() => {});
    this.client.close();
    if (isAlive) {
      const gone = once(agent, "exit");
      agent.kill("SIGKILL");
      await gone;
    }
    await removeVms(this.#vmState);
    await this.namespace.close();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
