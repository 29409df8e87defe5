import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Namespace } from "../../../packages/runtime-qemu/test/network/namespace.ts";
import { bridgeLines } from "./network-node.ts";

/** The very QEMU of a guest on a bridge, in a network of its own: a bridge and a TAP device set up by hand, with no rules. */
export class TapByHand {
  readonly namespace: Namespace;
  readonly #folder: string;
  #qemu: ChildProcess | undefined;

  private constructor(namespace: Namespace, folder: string) {
    this.namespace = namespace;
    this.#folder = folder;
  }

  /** @param pid  of the QEMU that it is to be like. */
  static async like(pid: number): Promise<TapByHand> {
    const hand = new TapByHand(await Namespace.make(), await mkdtemp(join(tmpdir(), "mcpt-")));
    try {
      const [program = "", ...args] = (await readFile(`/proc/${pid}/cmdline`, "utf8"))
        .split("\0")
        .slice(0, -1);
      await cp(join(await readlink(`/proc/${pid}/cwd`), "initrd"), join(hand.#folder, "initrd"));
      const tap = /,ifname=([^,]+)/.exec(args.join(" "))?.[1];
      if (tap === undefined) throw new Error("that QEMU is on no TAP device");
      await hand.namespace.run(
        ["ip", "-batch", "-"],
        [
          ...bridgeLines,
          `tuntap add dev ${tap} mode tap`,
          `link set dev ${tap} master mcp-br0`,
          `link set dev ${tap} up`,
          "",
        ].join("\n"),
      );
      const [ip = "", ...words] = hand.namespace.words;
      // In a session of its own, as ours is: a busy machine shares its CPUs among sessions.
      hand.#qemu = spawn(ip, [...words, program, ...args], {
        ...{ cwd: hand.#folder, stdio: "ignore", detached: true },
      });
      return hand;
    } catch (error) {
      await hand[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const qemu = this.#qemu;
    if (qemu && qemu.exitCode === null && qemu.signalCode === null) {
      const gone = once(qemu, "exit");
      qemu.kill("SIGKILL");
      await gone;
    }
    await this.namespace.close();
    await rm(this.#folder, { recursive: true });
  }
}
