import { netmaskOf } from "@mcp/base";
import type { BridgeAttachment } from "@mcp/runtime";
import type { GuestCommand } from "./command.ts";
import type { CpioEntry } from "./cpio.ts";
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

/** Nothing on an isolated bridge answers for names but its gateway, where that is allowed. */
export const networkOn = ({ address, bridge }: BridgeAttachment): GuestNetwork => ({
  address,
  netmask: netmaskOf(bridge.prefixLength),
  gateway: bridge.gateway,
  resolver: bridge.gateway,
});

/**
 * The part of the guest's init that differs from boot to boot, as a file that its shell reads. Everything that comes from
 * outside is a quoted word.
 */
export function bootConfigScript({ command, hostname, mounts, network }: BootConfig): string {
  const { argv, env, workdir, uid, gid, groups } = command;
  const [program = "", ...args] = argv;
  // To be given a group is to leave all others: where there are others, it is in all of them since long (see `groupFiles`).
  const identity = ["-S", String(uid), ...(groups.length > 0 ? [] : ["-G", String(gid)])];
  const pairs = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return [
    `hostname=${shellWord(hostname)}`,
    `address=${shellWord(network.address)}`,
    `netmask=${shellWord(network.netmask)}`,
    `gateway=${shellWord(network.gateway)}`,
    `resolver=${shellWord(network.resolver)}`,
    `shares=${mounts.length}`,
    `groups=${groups.length > 0 ? "more" : ""}`,
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
    `  exec "$busybox" env -i -- ${shellWords(pairs)} "$busybox" nsenter -F ${shellWords(identity)} -- "$program" ${shellWords(args)}`,
    "}",
    "",
  ].join("\n");
}

/**
 * What `su` reads in the guest's first root, to enter the groups of the program's user: a root who has their groups. None
 * where there are no groups but the user's own.
 */
export function groupFiles({ gid, groups }: GuestCommand): readonly CpioEntry[] {
  if (groups.length === 0) return [];
  const file = (path: string, lines: readonly string[]): CpioEntry => {
    return { path, type: "file", mode: 0o400, data: Buffer.from(`${lines.join("\n")}\n`) };
  };
  return [
    { path: "etc", type: "folder", mode: 0o755 },
    file("etc/passwd", [`mcp::0:${gid}::/:`]),
    file(
      "etc/group",
      groups.map((group, index) => `group${index}:x:${group}:mcp`),
    ),
  ];
}
