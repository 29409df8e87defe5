import { stat } from "node:fs/promises";
import { type Clock, Problem } from "@mcp/base";
import { bootId, realClock } from "@mcp/host";
import type { QemuUser } from "../confinement/qemu-user.ts";
import type { Qemu } from "../process/qemu-version.ts";
import { proveKvm } from "./prove-kvm.ts";
import { recall, remember } from "./remembered-proof.ts";
import type { Proof } from "./verdicts.ts";

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
 * user or the device's permissions change; that a guest hung, for ten minutes.
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

async function proofOfKvm(options: AccelOptions, signal: AbortSignal): Promise<Proof> {
  const { qemu, user, memory, kvmDevice = "/dev/kvm", timeoutMs, clock = realClock } = options;
  const device = await stat(kvmDevice).catch(() => undefined);
  if (!device) {
    return {
      ok: false,
      why: `there is no ${kvmDevice}`,
      hint: "load its module: modprobe kvm_intel, or kvm_amd; a machine that is itself virtual needs nested virtualization",
      isLasting: false,
    };
  }
  const circumstances = {
    boot: await bootId(),
    qemu: qemu.build,
    program: qemu.program,
    user: user ?? null,
    device: [device.mode, device.uid, device.gid],
  };
  const known = await recall(memory, circumstances, clock.now());
  if (known) return known;
  const proof = await proveKvm(
    { program: qemu.program, user, ...(timeoutMs !== undefined && { timeoutMs }) },
    signal,
  );
  await remember(memory, circumstances, proof, clock.now());
  return proof;
}
