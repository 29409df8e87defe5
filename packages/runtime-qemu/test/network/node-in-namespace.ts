import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Problem, type ProblemCode } from "@mcp/base";
import type { BridgeAttachment, WorkloadSpec } from "@mcp/runtime";
import { suiteSpec } from "@mcp/runtime/conformance";
import { openQemuRig } from "../rig.ts";
import type { Orders, Told } from "./inside.ts";
import { Namespace } from "./namespace.ts";

export const bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 } as const;

interface Answer {
  readonly id?: number;
  readonly stands?: string;
  readonly ready?: true;
  readonly answer?: unknown;
  readonly problem?: { code: ProblemCode; message: string; hint: string };
  readonly isBug?: boolean;
  readonly stack?: string;
}

/** One life of a node. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #ended: Promise<void>;
  readonly ready: Promise<void>;
  /** Resolves when a start stands still where it was told to. */
  readonly standing: Promise<void>;
  #count = 0;
  #isOver = false;

  constructor(words: readonly string[], orders: Orders) {
    const script = join(import.meta.dirname, "inside.ts");
    const [program = "", ...args] = [
      ...words,
      ...[process.execPath, "--conditions=@mcp/source", script, JSON.stringify(orders)],
    ];
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    const ready = Promise.withResolvers<void>();
    const standing = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.standing = standing.promise;
    this.#ended = new Promise((resolve) => this.#child.once("close", () => resolve()));
    void this.#ended.then(() => {
      this.#isOver = true;
      ready.reject(new Error("the node ended"));
      for (const answer of this.#waiting.values())
        answer({ problem: { code: "internal", message: "the node was killed", hint: "" } });
    });
    this.ready.catch(() => {});
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on("line", (line) => {
        const answer = JSON.parse(line) as Answer;
        if (answer.ready) ready.resolve();
        if (answer.stands) standing.resolve();
        if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
      });
  }

  /** Have it do this, and return what it says, or throw the problem that it says. */
  async tell<What extends keyof Told>(
    what: What,
    ...given: Parameters<Told[What]>
  ): Promise<Awaited<ReturnType<Told[What]>>> {
    await this.ready;
    if (this.#isOver) throw new Error("the node has ended");
    const id = ++this.#count;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#child.stdin?.write(`${JSON.stringify({ id, what, with: given })}\n`);
    const { answer, problem, isBug, stack } = await answered;
    this.#waiting.delete(id);
    if (isBug) throw new Error(stack);
    if (problem) throw new Problem(problem.code, problem.message, problem.hint);
    return answer as Awaited<ReturnType<Told[What]>>;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async close(): Promise<void> {
    await this.tell("close").catch(() => {});
    await this.kill();
  }
}

/** A namespace with a state folder for nodes in it, one after another. */
export class NodeInNamespace {
  readonly namespace: Namespace;
  readonly folder: string;
  readonly #lives: NodeProcess[] = [];
  readonly #folders: string[] = [];
  #count = 0;

  private constructor(namespace: Namespace, folder: string) {
    this.namespace = namespace;
    this.folder = folder;
  }

  static async open(): Promise<NodeInNamespace> {
    const folder = await mkdtemp("/tmp/mcpt-vm-");
    await chmod(folder, 0o711);
    await mkdir(join(folder, "state"), { mode: 0o711 });
    return new NodeInNamespace(await Namespace.make(), folder);
  }

  get stateDir(): string {
    return join(this.folder, "state");
  }

  /** The bridge, made by hand. */
  async makeBridge(address = "10.99.0.1/24"): Promise<void> {
    await this.namespace.run(
      ["ip", "-batch", "-"],
      [
        "link add mcp-br0 type bridge stp_state 0",
        `addr add ${address} dev mcp-br0`,
        "link set mcp-br0 up",
        "",
      ].join("\n"),
    );
  }

  async start(
    network: Partial<Orders["network"]> = {},
    more: Partial<Omit<Orders, "network">> = {},
    words: readonly string[] = [],
  ): Promise<NodeProcess> {
    const orders = { folder: this.folder, network: { bridge: bridge.name, ...network }, ...more };
    const life = new NodeProcess([...this.namespace.words, ...words], orders);
    this.#lives.push(life);
    await life.ready;
    return life;
  }

  /** A node in the same network with nothing of its own: it talks to guests when no agent is there. */
  async bystander(): Promise<NodeProcess> {
    const folder = await mkdtemp("/tmp/mcpt-vm-");
    this.#folders.push(folder);
    const life = new NodeProcess(this.namespace.words, { folder, network: { bridge: "" } });
    this.#lives.push(life);
    await life.ready;
    return life;
  }

  /** All of our rules, as they are when a bridge is there. */
  async rulesAreThere(): Promise<boolean> {
    const text = await this.namespace.run(["nft", "list", "ruleset"]);
    return [
      "table bridge mcp",
      "jump from_guest",
      "jump to_guest",
      "table inet mcp",
      'iifname "mcp-br0" drop',
    ].every((part) => text.includes(part));
  }

  /** A guest that does what is told to its port 7. */
  guest(
    last: number,
    changes: Partial<WorkloadSpec> = {},
  ): WorkloadSpec & { readonly attachment: BridgeAttachment } {
    const { image } = openQemuRig(this.folder);
    const mac = `02:00:00:00:00:${last.toString(16).padStart(2, "0")}`;
    return {
      ...suiteSpec(`vm-${++this.#count}`, "microvm", image),
      memoryMiB: 96,
      entrypoint: ["/bin/busybox", "nc", "-ll", "-p", "7", "-e", "/bin/sh"],
      cmd: [],
      attachment: { bridge, address: `10.99.0.${last}`, mac },
      ...changes,
    };
  }

  /** What is left over is removed by a node of its own, so that a test that failed leaves nothing. */
  async close(): Promise<void> {
    for (const life of this.#lives) await life.close();
    const last = new NodeProcess(this.namespace.words, { folder: this.folder, network: { bridge: "" } });
    for (const { name } of await last.tell("list").catch(() => []))
      await last.tell("remove", name).catch(() => {});
    await last.close();
    await this.namespace.close();
    for (const folder of [this.folder, ...this.#folders])
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
