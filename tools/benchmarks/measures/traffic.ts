import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Namespace } from "../../../packages/runtime-qemu/test/network/namespace.ts";

/** What is sent: a stream to the guest, one from it, or small messages there and back, one at a time. */
export type Kind = "to" | "from" | "round trips";

export interface Order {
  readonly kind: Kind;
  /** Of a stream: units of 64 KiB. Else how many messages. */
  readonly count: number;
}

const giveUpMs = 60_000;

/** Who talks to the guest at an address, from within its network. */
export class Traffic {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(namespace: Namespace, address: string) {
    const program = join(import.meta.dirname, "traffic-program.ts");
    const [ip = "", ...words] = namespace.words;
    const child = spawn(ip, [...words, process.execPath, program, address], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Returns the milliseconds of the whole stream, or of the median round trip. */
  async send(order: Order): Promise<number> {
    const late = setTimeout(() => this.#child.kill("SIGKILL"), giveUpMs);
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.#answers.next();
    clearTimeout(late);
    if (done === true) throw new Error(`nothing could be sent: ${order.kind}`);
    return Number(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}
