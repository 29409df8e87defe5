import { chmod, stat } from "node:fs/promises";
import { run } from "@mcp/host";

export interface RigUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

const name = "mcptest";

/** An ordinary user for rootless podman: whoever runs the tests, or one that is made where that is root. */
export async function testUser(): Promise<RigUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  let line = await lineOf();
  if (line === undefined) {
    await run(["useradd", "--create-home", "--shell", "/bin/sh", name]);
    line = await lineOf();
  }
  const [, , uid, gid, , home] = line?.split(":") ?? [];
  if (home === undefined) throw new Error(`the user ${name} could not be made`);
  await giveSubordinateIds();
  await openTunDevice();
  return { name, uid: Number(uid), gid: Number(gid), home };
}

/** As that user, with the groups of a login; no shell between. */
export function asUser(user: RigUser | undefined, argv: readonly string[]): string[] {
  if (!user) return [...argv];
  return ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--init-groups", "--", ...argv];
}

async function lineOf(): Promise<string | undefined> {
  const { stdout, exitCode } = await run(["getent", "passwd", name], { anyExitCode: true });
  return exitCode === 0 ? stdout.trim() : undefined;
}

async function giveSubordinateIds(): Promise<void> {
  for (const [file, flag] of [
    ["/etc/subuid", "--add-subuids"],
    ["/etc/subgid", "--add-subgids"],
  ] as const) {
    const { exitCode } = await run(["grep", "-q", `^${name}:`, file], { anyExitCode: true });
    if (exitCode !== 0) await run(["usermod", flag, "300000-365535", name]);
  }
}

async function openTunDevice(): Promise<void> {
  const device = await stat("/dev/net/tun").catch(() => undefined);
  if (device && (device.mode & 0o006) !== 0o006) await chmod("/dev/net/tun", 0o666);
}
