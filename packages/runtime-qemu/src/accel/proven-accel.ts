import { stat } from "node:fs/promises";
import { type Clock, Problem } from "@mcp/base";
import { bootId, realClock } from "@mcp/host";
import type { QemuUser } from "../confinement/qemu-user.ts";
import type { Qemu } from "../process/qemu-version.ts";
import { proveKvm } from "./prove-kvm.ts";
import { type Circumstances, recall, remember } from "./remembered-proof.ts";
import { absent, type Proof, refuted } from "./verdicts.ts";

const kvm = "/dev/kvm";

export interface AccelOptions {
  /** `[vm] accel` of the agent's config. */
  readonly wanted: "auto" | "kvm" | "tcg";
  readonly qemu: Qemu;
  /** Whom QEMU runs as; undefined: as the agent. */
  readonly user: QemuUser | undefined;
  /** The file in which the answer is remembered; its folder is there. */
  readonly memory: string;
  readonly kvmDevice?: string;
  /** Milliseconds for the tiny guest. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

export type Accel =
  | { readonly accel: "kvm" }
  | {
      readonly accel: "tcg";
      /** Why not KVM, and what to do about it; absent where TCG was asked for. */
      readonly insteadOfKvm?: { readonly why: string; readonly hint: string };
    };

/**
 * How guests run here: by KVM if it was seen to work, else by TCG. The answer holds until the machine reboots, or QEMU, its
 * user, the device's permissions or what is wanted change; that a guest hung, for ten minutes.
 *
 * @throws Problem `runtime_unavailable` where KVM and nothing else is wanted, and does not work.
 */
export async function provenAccel(options: AccelOptions, signal: AbortSignal): Promise<Accel> {
  const { wanted } = options;
  if (wanted === "tcg") return { accel: "tcg" };
  const proof = await proofOfKvm(options, signal);
  if (proof.ok) return { accel: "kvm" };
  const { why, hint } = proof;
  if (wanted === "auto") return { accel: "tcg", insteadOfKvm: { why, hint } };
  throw new Problem(
    "runtime_unavailable",
    `[vm] accel is kvm, and KVM does not work here: ${why}`,
    `${hint}; or set [vm] accel = "auto"`,
  );
}

/**
 * A virtual machine stopped while it came up under KVM, which had been proven: what is proven is forgotten for what was seen.
 * Where `auto` is wanted, guests run by TCG until the answer would be found anew; who wants KVM and nothing else is left alone.
 *
 * @param state  what QEMU says of its guest, such as `internal-error`.
 */
export async function refuteKvm(options: AccelOptions, state: string): Promise<void> {
  const { wanted, memory, clock = realClock } = options;
  if (wanted !== "auto") return;
  const circumstances = await circumstancesOf(options);
  if (circumstances) await remember(memory, circumstances, refuted(state), clock.now());
}

async function proofOfKvm(options: AccelOptions, signal: AbortSignal): Promise<Proof> {
  const { qemu, user, memory, kvmDevice = kvm, timeoutMs, clock = realClock } = options;
  const circumstances = await circumstancesOf(options);
  if (!circumstances) return absent(kvmDevice);
  const known = await recall(memory, circumstances, clock.now());
  if (known) return known;
  const proof = await proveKvm(
    { program: qemu.program, user, ...(timeoutMs !== undefined && { timeoutMs }) },
    signal,
  );
  await remember(memory, circumstances, proof, clock.now());
  return proof;
}

/** Undefined where there is no device. */
async function circumstancesOf({
  wanted,
  qemu,
  user,
  kvmDevice = kvm,
}: AccelOptions): Promise<Circumstances | undefined> {
  const device = await stat(kvmDevice).catch(() => undefined);
  if (!device) return undefined;
  return {
    // Who asks for it by name has it proven, whatever was seen.
    wanted,
    boot: await bootId(),
    qemu: qemu.build,
    program: qemu.program,
    user: user ?? null,
    device: [device.mode, device.uid, device.gid],
  };
}
