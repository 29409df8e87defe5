import { readFile, stat } from "node:fs/promises";
import { Problem } from "@mcp/base";
import type { Run } from "@mcp/host";

/** Whom QEMU runs as, where that is not whom the agent runs as. */
export interface QemuUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** The only other groups that it is in: that of `/dev/kvm`, where a group may open it. */
  readonly groups: readonly number[];
}

export interface QemuUserOptions {
  /** `[vm] user` of the agent's config; empty where none is set. */
  readonly configured: string;
  /** Of the agent: `process.getuid()`. */
  readonly ownUid: number;
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly kvmDevice?: string;
  /** Default `/etc/passwd`. */
  readonly passwd?: string;
}

/**
 * Whom QEMU is to run as: undefined where that is the agent's own user, since only root can become another.
 *
 * @throws Problem `config_invalid` where the agent is root and no user, an unknown one or root itself is configured, or
 *   where an agent that is not root is asked for a user that it is not.
 */
export async function resolveQemuUser(options: QemuUserOptions): Promise<QemuUser | undefined> {
  const { configured, ownUid } = options;
  if (configured === "") {
    if (ownUid !== 0) return undefined;
    throw new Problem(
      "config_invalid",
      "virtual machines must not run as root, and no other user is configured for them",
      'make one, useradd --system mcp-vm, and name it in the config: [vm] user = "mcp-vm"',
    );
  }
  const entry = await lookUp(options);
  if (entry.uid === 0) {
    throw new Problem(
      "config_invalid",
      `[vm] user is ${configured}, which is root: virtual machines must not run as root`,
      'name an ordinary user: [vm] user = "mcp-vm"',
    );
  }
  if (ownUid === entry.uid) return undefined;
  if (ownUid !== 0) {
    throw new Problem(
      "config_invalid",
      `[vm] user is ${configured}, and only an agent that runs as root can start virtual machines as another user`,
      "take [vm] user out of the config, or run the agent as root",
    );
  }
  return { ...entry, groups: await kvmGroups(options.kvmDevice) };
}

async function lookUp(options: QemuUserOptions) {
  const { configured } = options;
  const [name = "", , uid = "", gid = ""] = (await inPasswd(options)) ?? (await byGetent(options)) ?? [];
  if (name === "" || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) {
    throw new Problem(
      "config_invalid",
      `[vm] user is ${configured}, and this machine knows no such user`,
      `make it: useradd --system ${/^[a-z_][a-z0-9_-]*$/.test(configured) ? configured : "mcp-vm"}`,
    );
  }
  return { name, uid: Number(uid), gid: Number(gid) };
}

/** Where nearly all are, and where no process has to be started to look. */
async function inPasswd({ configured, passwd = "/etc/passwd" }: QemuUserOptions) {
  const text = await readFile(passwd, "utf8").catch(() => "");
  const entries = text.split("\n").map((line) => line.split(":"));
  return entries.find(([name]) => name === configured);
}

/** Also those of a directory. */
async function byGetent({ configured, run, signal }: QemuUserOptions) {
  // Else it would take it for an option.
  if (configured.startsWith("-")) return undefined;
  const argv = ["getent", "passwd", configured];
  const { exitCode, stdout } = await run(argv, { timeoutMs: 10_000, signal, anyExitCode: true });
  return exitCode === 0 ? stdout.split("\n", 1)[0]?.split(":") : undefined;
}

/** Never root's group, which would open more than the device. */
async function kvmGroups(device = "/dev/kvm"): Promise<readonly number[]> {
  const found = await stat(device).catch(() => undefined);
  if (!found || found.gid === 0 || (found.mode & 0o060) !== 0o060) return [];
  return [found.gid];
}

/**
 * The arguments that run a program as that user: in its group and `groups` alone, with no capability, and no way to gain
 * one by a set-uid program.
 */
export function asUser(user: QemuUser | undefined, argv: readonly string[]): readonly string[] {
  if (!user) return argv;
  const groups = user.groups.length > 0 ? `--groups=${user.groups.join(",")}` : "--clear-groups";
  return [
    "setpriv",
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    groups,
    "--inh-caps=-all",
    "--no-new-privs",
    "--",
    ...argv,
  ];
}
