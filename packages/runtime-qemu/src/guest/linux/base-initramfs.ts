import { readFile } from "node:fs/promises";
import type { Run } from "@mcp/host";
import { type CpioEntry, cpioArchive } from "./cpio.ts";
import { firstInit, secondInit } from "./init-script.ts";
import { type ModuleFiles, numbered, readModule } from "./module-files.ts";

/** Where the kernel finds, in a second archive, what this boot is to run. */
export const bootConfigPath = "boot-config";

/**
 * The initial RAM filesystem that all guests of a kernel share. Not compressed: QEMU puts it into the guest's memory, and
 * the guest would have to work to unpack it.
 */
export async function baseInitramfs(
  busybox: string,
  modules: ModuleFiles,
  run: Run,
  signal: AbortSignal,
): Promise<Buffer> {
  const filesOf = (folder: string, paths: readonly string[]): Promise<CpioEntry[]> =>
    Promise.all(
      paths.map(async (path, index) => {
        const data = await readModule(path, busybox, run, signal);
        return { path: `${folder}/${numbered(index, path)}`, type: "file", mode: 0o400, data } as const;
      }),
    );
  return cpioArchive([
    ...["bin", "dev", "proc", "sys", "image", "changes", "root", "modules", "share-modules"].map(
      (path) => ({ path, type: "folder", mode: 0o755 }) as const,
    ),
    { path: "dev/console", type: "device", mode: 0o600, major: 5, minor: 1 },
    { path: "bin/busybox", type: "file", mode: 0o755, data: await readFile(busybox, { signal }) },
    { path: "init", type: "file", mode: 0o755, data: Buffer.from(firstInit) },
    { path: "second-init", type: "file", mode: 0o755, data: Buffer.from(secondInit) },
    ...(await filesOf("modules", modules.always)),
    ...(await filesOf("share-modules", modules.forShares)),
  ]);
}
