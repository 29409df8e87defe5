import { chmod, copyFile, open } from "node:fs/promises";
import { bootConfigPath } from "./base-initramfs.ts";
import { type CpioEntry, cpioArchive } from "./cpio.ts";

/**
 * The initial RAM filesystem of one boot: that of all guests, and after it an archive with what this one runs. Only its owner
 * may read it, since env may hold secrets.
 */
export async function writeInitrd(
  base: string,
  script: string,
  more: readonly CpioEntry[],
  path: string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  await copyFile(base, path);
  // The copy is as sealed as the original, which only root could write to.
  await chmod(path, 0o600);
  const file = await open(path, "r+");
  try {
    await file.chmod(0o400);
    const { size } = await file.stat();
    // The kernel looks for the next archive at a multiple of four bytes.
    const at = size + (-size & 3);
    const config = { path: bootConfigPath, type: "file", mode: 0o400, data: Buffer.from(script) } as const;
    const own = cpioArchive([config, ...more]);
    await file.write(own, 0, own.length, at);
  } finally {
    await file.close();
  }
}
