import { complaintIn } from "../process/qemu-complaint.ts";
import { printable } from "../vm/guest-words.ts";
import { guestAnswer } from "./guest-code.ts";

/** What became of the guests of a proof. */
export type Proof =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly why: string;
      readonly hint: string;
      /** False where a busy machine could be the reason: then it is tried again before long. */
      readonly isLasting: boolean;
    };

const nested = "where this machine is itself virtual, turn on nested virtualization on its host";

export const absent = (device: string): Proof => ({
  ok: false,
  why: `there is no ${device}`,
  hint: "load its module: modprobe kvm_intel, or kvm_amd; a machine that is itself virtual needs nested virtualization",
  isLasting: false,
});

/** The guests of the proof could go on, and a real one could not. */
export const refuted = (state: string): Proof => ({
  ok: false,
  why: `a virtual machine could not come up on KVM (${state}), though a tiny guest could`,
  hint: `${nested}; KVM is tried again when the machine has booted or QEMU was changed, or with [vm] accel = "kvm"`,
  isLasting: true,
});

/** A guest on it cannot go on: QEMU would wait for ever. */
export const stopped = (state: string): Proof => ({
  ok: false,
  why: `/dev/kvm opens, but a guest on it stops at once (${state})`,
  hint: nested,
  isLasting: true,
});

/** It got into a state that it has no handler for, or somebody asked QEMU to end. */
export const crashed: Proof = {
  ok: false,
  why: "/dev/kvm opens, but a guest on it crashes",
  hint: nested,
  isLasting: false,
};

/** Pure. What it says last that it computed, or did not: before that a firmware may have its say. */
export const judged = (said: string): Proof =>
  said.endsWith(`${guestAnswer()}\n`)
    ? { ok: true }
    : {
        ok: false,
        why: `/dev/kvm opens, but a guest on it computes ${printable(said.slice(-40)) || "nothing"} for ${guestAnswer()}`,
        hint: nested,
        isLasting: true,
      };

/** It hangs, or its instructions are read one by one, which takes a hundred times too long. */
export const hung = (timeoutMs: number): Proof => ({
  ok: false,
  why: `/dev/kvm opens, but a guest on it did not do its work within ${timeoutMs / 1_000} s`,
  hint: `see whether the machine is overloaded: uptime; ${nested}`,
  isLasting: false,
});

/** Pure. */
export function refused(exitCode: number, stderr: string): Proof {
  const complaint = complaintIn(stderr)
    ?.replace(/^\S*qemu-system-x86_64: /, "")
    .slice(0, 300);
  const mayNotOpen = /permission denied/i.test(complaint ?? "");
  return {
    ok: false,
    why: `QEMU with KVM ends with exit code ${exitCode}${complaint === undefined ? "" : `: ${complaint}`}`,
    hint: mayNotOpen
      ? "let QEMU's user open it: chgrp kvm /dev/kvm && chmod 660 /dev/kvm, and, unless the agent is root, usermod -aG kvm <user>"
      : "see whether the CPU has virtualization, and the firmware has it on: grep -cE 'vmx|svm' /proc/cpuinfo",
    // Killed from outside, by the kernel for want of memory, say.
    isLasting: exitCode !== 137,
  };
}
