import { isProblem } from "@mcp/base";
import type { Run } from "@mcp/host";
import { requirePassable } from "../confinement/impassable-folder.ts";
import { resolveQemuUser } from "../confinement/qemu-user.ts";
import { findKernel, type KernelPaths } from "../guest/linux/kernel.ts";
import { findBusybox } from "../guest/linux/static-busybox.ts";
import type { Host } from "../host.ts";
import { findProgram } from "../process/find-program.ts";
import { findQemu } from "../process/qemu-version.ts";
import { findVirtiofsd, sharesMissing } from "../vm/shares-here.ts";
import type { Room } from "./find-room.ts";

export interface VmCheck {
  readonly name: string;
  /** What is missing is a warning: whether a kind is wanted, and so its absence a failure, others know. */
  readonly outcome: "ok" | "warning";
  /** What was found. */
  readonly text: string;
  /** What to type; empty when all is well. */
  readonly hint: string;
}

/** What was found, or why not and what to do about it. */
export type Finding =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string; readonly hint: string };

export interface CheckedHost {
  readonly host: Host;
  readonly stateDir: string;
  readonly imageDir: string;
  readonly accel: "auto" | "kvm" | "tcg";
  readonly user: string;
  readonly kernel: KernelPaths;
  readonly busybox: string | undefined;
  readonly run: Run;
  readonly room: Room;
}

/** What virtual machines need of this host, one by one. Without QEMU the rest does not matter yet. */
export async function checkHost(options: CheckedHost, signal: AbortSignal): Promise<VmCheck[]> {
  const { stateDir, imageDir, run, room } = options;
  const qemu = await found(signal, async () => {
    const { version, program } = await findQemu(run, signal);
    return `${version}, ${program}`;
  });
  if (!qemu.ok) return [toCheck("vm: qemu", { ...qemu, hint: installAll })];
  const [accel, user, ...rest] = await Promise.all([
    found(signal, () => accelOf(options, signal)),
    found(signal, () => userOf(options, signal)),
    kernelOf(options.kernel),
    programOf("sqfstar", "squashfs-tools"),
    programOf("qemu-img", "qemu-utils"),
    findBusybox(options.busybox).then((busybox) => (busybox.ok ? { ok: true, text: busybox.path } : busybox)),
    virtiofsd(signal),
    room.find(stateDir),
    room.find(imageDir),
  ] as const);
  const names = ["kernel", "squashfs", "disks", "busybox", "virtiofsd", "state", "images"] as const;
  return [
    toCheck("vm: qemu", qemu),
    // Without a user nothing could be tried.
    ...(user.ok ? [toCheck("vm: kvm", accel)] : []),
    toCheck("vm: user", user),
    ...names.map((name, index) => toCheck(`vm: ${name}`, rest[index] as Finding)),
  ];
}

const installAll =
  "apt install qemu-system-x86 qemu-utils squashfs-tools busybox-static linux-image-cloud-amd64";

export const toCheck = (name: string, finding: Finding): VmCheck =>
  finding.ok
    ? { name, outcome: "ok", text: finding.text, hint: "" }
    : { name, outcome: "warning", text: finding.why, hint: finding.hint };

async function found(signal: AbortSignal, find: () => Promise<string | Finding>): Promise<Finding> {
  try {
    const answer = await find();
    return typeof answer === "string" ? { ok: true, text: answer } : answer;
  } catch (error) {
    signal.throwIfAborted();
    if (!isProblem(error)) throw error;
    return { ok: false, why: error.message, hint: error.hint };
  }
}

async function accelOf({ host, accel: wanted }: CheckedHost, signal: AbortSignal): Promise<string | Finding> {
  const { accel } = await host.facts(signal);
  if (accel.accel === "kvm") return "it works";
  if (!accel.insteadOfKvm) return `not asked for: [vm] accel is ${wanted}`;
  const { why, hint } = accel.insteadOfKvm;
  return { ok: false, why: `guests run by tcg, many times slower: ${why}`, hint };
}

async function userOf(options: CheckedHost, signal: AbortSignal): Promise<string> {
  const { user: configured, stateDir, imageDir, run } = options;
  const ownUid = process.getuid?.() ?? 0;
  const user = await resolveQemuUser({ configured, ownUid, run, signal });
  for (const path of [stateDir, imageDir]) await requirePassable(path, user, run, signal);
  return user ? `virtual machines run as ${user.name}` : "virtual machines run as the agent's own user";
}

async function kernelOf(paths: KernelPaths): Promise<Finding> {
  const kernel = await findKernel(paths);
  if (!kernel.ok) return kernel;
  return { ok: true, text: `${kernel.kernel.version}, ${kernel.kernel.path}` };
}

async function programOf(program: string, debianPackage: string): Promise<Finding> {
  const path = await findProgram(program);
  return path
    ? { ok: true, text: path }
    : { ok: false, why: `${program} is not installed`, hint: `install it: apt install ${debianPackage}` };
}

async function virtiofsd(signal: AbortSignal): Promise<Finding> {
  const path = await findVirtiofsd();
  const why = await sharesMissing(signal);
  if (path !== undefined && why === undefined) return { ok: true, text: path };
  return {
    ok: false,
    why: `no microVM can have volumes: ${why}`,
    hint: path
      ? "install uidmap, and give the agent's user ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"
      : "install it: apt install qemu-system-common, or from Debian 13 on virtiofsd",
  };
}
