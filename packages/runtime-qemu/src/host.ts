import { join } from "node:path";
import { isProblem, Problem } from "@mcp/base";
import type { Run } from "@mcp/host";
import { type Accel, provenAccel } from "./accel/proven-accel.ts";
import { type QemuUser, resolveQemuUser } from "./confinement/qemu-user.ts";
import { findQemu, type Qemu } from "./process/qemu-version.ts";
import { stateStore } from "./vm/state-store.ts";

export interface HostOptions {
  readonly stateDir: string;
  readonly accel: "auto" | "kvm" | "tcg";
  readonly user: string;
  readonly run: Run;
}

export interface HostFacts {
  readonly qemu: Qemu;
  readonly user: QemuUser | undefined;
  readonly accel: Accel;
  readonly store: string;
}

/** What every virtual machine of this host needs, whatever boots in it. Found out once, and again after a failure. */
export class Host {
  readonly #options: HostOptions;
  #known: { readonly facts: HostFacts; readonly untilMs: number } | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** @throws Problem why no virtual machine can run here. */
  async facts(signal: AbortSignal): Promise<HostFacts> {
    signal.throwIfAborted();
    if (this.#known && performance.now() < this.#known.untilMs) return this.#known.facts;
    const facts = await this.#find(signal);
    this.#known = { facts, untilMs: performance.now() + goodForMs };
    return facts;
  }

  async #find(signal: AbortSignal): Promise<HostFacts> {
    const { stateDir, accel: wanted, user: configured, run } = this.#options;
    const [qemu, user] = await Promise.all([
      findQemu(run, signal),
      resolveQemuUser({ configured, ownUid: process.getuid?.() ?? 0, run, signal }),
    ]);
    try {
      const store = await stateStore(stateDir);
      const accel = await provenAccel({ wanted, qemu, user, memory: join(stateDir, ".accel") }, signal);
      return { qemu, user, accel, store };
    } catch (error) {
      signal.throwIfAborted();
      throw isProblem(error) ? error : unusable(stateDir, error as Error);
    }
  }
}

/** No room, or no permission: what a person can mend. */
const unusable = (stateDir: string, error: Error): Problem =>
  new Problem(
    "runtime_unavailable",
    `the folder of the virtual machines' state cannot be used: ${error.message}`,
    `look at: ls -ld ${stateDir}; df -h ${stateDir}`,
    { cause: error },
  );

/** QEMU may be upgraded, and a user made, while the agent runs. */
const goodForMs = 10_000;
