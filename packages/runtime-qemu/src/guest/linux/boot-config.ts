import type { GuestCommand } from "./command.ts";
import { shellWord, shellWords } from "./shell-words.ts";

/** What one boot of an image is told, beside the image. */
export interface BootConfig {
  readonly command: GuestCommand;
  readonly hostname: string;
  readonly mounts: readonly { readonly tag: string; readonly guest: string; readonly readOnly: boolean }[];
  readonly network: GuestNetwork;
}

export interface GuestNetwork {
  readonly address: string;
  readonly netmask: string;
  readonly gateway: string;
  readonly resolver: string;
}

/** What QEMU's user networking gives its only guest. */
export const userNetwork: GuestNetwork = {
  address: "10.0.2.15",
  netmask: "255.255.255.0",
  gateway: "10.0.2.2",
  resolver: "10.0.2.3",
};

/**
 * The part of the guest's init that differs from boot to boot, as a file that its shell reads. Everything that comes from
 * outside is a quoted word.
 */
export function bootConfigScript({ command, hostname, mounts, network }: BootConfig): string {
  const { argv, env, workdir, uid, gid } = command;
  const [program = "", ...args] = argv;
  const pairs = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return [
    `hostname=${shellWord(hostname)}`,
    `address=${shellWord(network.address)}`,
    `netmask=${shellWord(network.netmask)}`,
    `gateway=${shellWord(network.gateway)}`,
    `resolver=${shellWord(network.resolver)}`,
    `shares=${mounts.length}`,
    "mount_shares() {",
    "  :",
    ...mounts.map(
      ({ tag, guest, readOnly }) => `  share ${shellWords([tag, readOnly ? "ro" : "rw", guest])}`,
    ),
    "}",
    `owner=${uid}:${gid}`,
    `workdir=${shellWord(workdir)}`,
    `program=${shellWord(program)}`,
    `search=${shellWord(env.PATH ?? "")}`,
    "launch() {",
    `  exec "$busybox" env -i -- ${shellWords(pairs)} "$busybox" nsenter -F -S ${uid} -G ${gid} -- "$program" ${shellWords(args)}`,
    "}",
    "",
  ].join("\n");
}
