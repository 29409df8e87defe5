import { join } from "node:path";
import { isProblem, Problem } from "@mcp/base";
import type { Run } from "@mcp/host";
import { type Accel, type AccelOptions, provenAccel, refuteKvm } from "./accel/proven-accel.ts";
import { requirePassable } from "./confinement/impassable-folder.ts";
import { type QemuUser, resolveQemuUser } from "./confinement/qemu-user.ts";
import { SharedWork } from "./guest/shared-work.ts";
import { looksOf } from "./looks.ts";
import { findProgram } from "./process/find-program.ts";
import { findQemu, type Qemu } from "./process/qemu-version.ts";
import { stateStore } from "./vm/state-store.ts";

export interface HostOptions {
  readonly stateDir: string;
  readonly imageDir: string;
  readonly accel: "auto" | "kvm" | "tcg";
  readonly user: string;
  readonly run: Run;
}

export interface HostFacts {
  readonly qemu: Qemu;
  readonly user: QemuUser | undefined;
  readonly accel: Accel;
}

/** What every virtual machine of this host needs, whatever boots in it. */
export class Host {
  readonly #options: HostOptions;
  readonly #finding = new SharedWork<HostFacts>();
  #qemu: { readonly looks: string; readonly qemu: Qemu } | undefined;
  #known: { readonly facts: HostFacts; readonly untilMs: number } | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /**
   * Found out once for all who ask at once, and again after ten seconds or a failure.
   * @throws Problem why no virtual machine can run here.
   */
  async facts(signal: AbortSignal): Promise<HostFacts> {
    signal.throwIfAborted();
    if (this.#known && performance.now() < this.#known.untilMs) return this.#known.facts;
    return this.#finding.do("facts", signal, async (shared) => {
      const facts = await this.#find(shared);
      this.#known = { facts, untilMs: performance.now() + goodForMs };
      return facts;
    });
  }

  /**
   * Which state folder is there now: never remembered, since a disk that is unmounted takes its virtual machines out of
   * sight, and leaves them running.
   * @throws Problem `runtime_unavailable` where it can be neither read nor made.
   */
  async store(): Promise<string> {
    const { stateDir } = this.#options;
    return stateStore(stateDir).catch((error: Error) => {
      throw isProblem(error) ? error : unusable(stateDir, error);
    });
  }

  /** A virtual machine could not come up under KVM: the next one is started by what that leaves. See `refuteKvm`. */
  async kvmFailed(state: string, signal: AbortSignal): Promise<void> {
    await refuteKvm(await this.#accelOptions(signal), state);
    this.#known = undefined;
  }

  async #accelOptions(signal: AbortSignal): Promise<AccelOptions> {
    const { stateDir, accel: wanted, user: configured, run } = this.#options;
    const [qemu, user] = await Promise.all([
      this.#findQemu(signal),
      resolveQemuUser({ configured, ownUid: process.getuid?.() ?? 0, run, signal }),
    ]);
    return { wanted, qemu, user, memory: join(stateDir, ".accel") };
  }

  /** One that looks the same is not asked again for its version: that takes it 50 ms. */
  async #findQemu(signal: AbortSignal): Promise<Qemu> {
    const path = await findProgram("qemu-system-x86_64");
    const looks = path === undefined ? undefined : await looksOf(path).catch(() => undefined);
    if (looks !== undefined && this.#qemu?.looks === looks && this.#qemu.qemu.program === path)
      return this.#qemu.qemu;
    const qemu = await findQemu(this.#options.run, signal);
    this.#qemu = looks === undefined ? undefined : { looks, qemu };
    return qemu;
  }

  async #find(signal: AbortSignal): Promise<HostFacts> {
    const { stateDir, imageDir, run } = this.#options;
    const options = await this.#accelOptions(signal);
    const { qemu, user } = options;
    // The proof of KVM is kept in it.
    await this.store();
    try {
      for (const path of [stateDir, imageDir]) await requirePassable(path, user, run, signal);
      const accel = await provenAccel(options, signal);
      return { qemu, user, accel };
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
