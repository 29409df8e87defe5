import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asUser } from "../../src/confinement/qemu-user.ts";
import { withBoundedFiles } from "../../src/console/kept-unread.ts";
import { keeperShell, startKept } from "../../src/process/keeper.ts";
import type { ProcessIdentity } from "../../src/process/process-identity.ts";

const mebibyte = 1024 * 1024;
const nobody = { name: "nobody", uid: 65_534, gid: 65_534, groups: [] };
const user = process.getuid?.() === 0 ? nobody : undefined;

describe("what a guest writes while nobody reads", () => {
  let folder: string;
  let run: string;
  let kept: ProcessIdentity | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-bound-"));
    await chmod(folder, 0o711);
    run = join(folder, "run");
    await mkdir(run, { mode: 0o700 });
    if (user) await chown(run, user.uid, user.gid);
  });
  afterEach(async () => {
    if (kept && (await boundOf(kept))) process.kill(kept.pid, "SIGKILL");
    await rm(folder, { recursive: true });
  });

  const start = async (script: string): Promise<ProcessIdentity> => {
    const argv = withBoundedFiles(await keeperShell(), ["serial", "link"], ["sh", "-c", script], mebibyte);
    const files = { pid: join(folder, "pid"), exit: join(folder, "exit"), errors: join(folder, "err") };
    kept = await startKept({ cwd: run, argv: asUser(user, argv), files });
    return kept;
  };
  const usedMiB = async (path: string) => ((await stat(path)).blocks * 512) / mebibyte;

  it("is given back by QEMU's user, all but its end; a link leads nowhere that this user cannot go", async () => {
    const other = join(folder, "other");
    await writeFile(other, Buffer.alloc(8 * mebibyte, "x"), { mode: 0o600 });
    if (user) await symlink(other, join(run, "link"));
    const identity = await start(
      "umask 077; (yes 0123456789abcde | head -c 33554432; echo last) >>serial; : >done; exec sleep 60",
    );
    await expect.poll(() => readdir(run)).toContain("done");
    const bound = await boundOf(identity);
    expect(bound).toBeDefined();
    for (const line of ["VmRSS", "Uid"] as const) {
      const [value] = (await statusOf(bound as number, line)).split(/\s+/);
      if (line === "VmRSS") expect(Number(value)).toBeLessThanOrEqual(2_048);
      else expect(Number(value)).toBe(user?.uid ?? process.getuid?.());
    }
    await expect.poll(() => usedMiB(join(run, "serial")), { timeout: 20_000 }).toBeLessThan(1.1);
    const whole = await readFile(join(run, "serial"));
    expect(whole.length).toBe(33_554_432 + 5);
    expect(whole.subarray(-mebibyte).toString()).toMatch(/^[0-9a-f\n]+last\n$/);
    expect(await usedMiB(other)).toBeGreaterThanOrEqual(8);

    process.kill(identity.pid, "SIGKILL");
    await expect.poll(() => readdir(folder)).toContain("exit");
    await expect.poll(() => isThere(bound as number)).toBe(false);
  });
});

/** Who looks after the files of a program that runs: its only child of that name. */
async function boundOf({ pid }: ProcessIdentity): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  for (const child of children.split(" ").filter(Boolean)) {
    const line = await readFile(`/proc/${child}/cmdline`, "utf8").catch(() => "");
    if (line.includes("\0mcp-vm-bound\0")) return Number(child);
  }
  return undefined;
}

async function statusOf(pid: number, name: string): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
}

/** A zombie that nobody has asked for is gone. */
const isThere = async (pid: number): Promise<boolean> =>
  /^[^Z]/.test(await statusOf(pid, "State").catch(() => "Z"));
