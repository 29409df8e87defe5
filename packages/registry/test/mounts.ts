import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { onTestFinished, type TestContext } from "vitest";

/** Mounting is root's; elsewhere the test is skipped and says why. */
export function requireRoot(context: TestContext): void {
  context.skip(process.getuid?.() !== 0, "needs root, to mount a file system");
}

/** A file system of its own in memory, gone when the test is over. Register what uses it afterwards. */
export async function mountSmall(kibibytes: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "mcp-registry-mount-"));
  await run(["mount", "-t", "tmpfs", "-o", `size=${kibibytes}k,mode=0700`, "mcp-registry-test", folder]);
  onTestFinished(async () => {
    await run(["umount", folder]);
    rmdirSync(folder);
  });
  return folder;
}

export async function remount(folder: string, how: "ro" | "rw"): Promise<void> {
  await run(["mount", "-o", `remount,${how}`, folder]);
}

/** Make a file such that even root and those who have it open cannot write it, as on a disk that failed. */
export async function freeze(context: TestContext, files: readonly string[]): Promise<void> {
  const isFrozen = await freezesOpenFiles();
  context.skip(
    !isFrozen,
    "this file system has no immutable files, or lets them be written by who has them open",
  );
  onTestFinished(() => thaw(files));
  await run(["chattr", "+i", ...files]);
}

/** A disk's does; one in memory takes the flag and heeds it only when a file is opened. */
async function freezesOpenFiles(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "mcp-registry-freeze-"));
  const path = join(folder, "probe");
  const file = openSync(path, "w");
  try {
    const { exitCode } = await run(["chattr", "+i", path], { anyExitCode: true });
    if (exitCode !== 0) return false;
    writeSync(file, "x");
    return false;
  } catch {
    return true;
  } finally {
    closeSync(file);
    await thaw([path]);
    rmSync(folder, { recursive: true });
  }
}

export async function thaw(files: readonly string[]): Promise<void> {
  await run(["chattr", "-i", ...files], { anyExitCode: true });
}

/** Take all the room there is. */
export function fillUp(folder: string): string {
  const path = join(folder, "filler");
  for (const bytes of [64 * 1024, 4 * 1024, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
  return path;
}
