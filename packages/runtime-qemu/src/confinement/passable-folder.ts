import { chmod, mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Make a folder, and those above it that are missing, through which the user that QEMU runs as can pass, though not list
 * it, whatever this process's umask is. One that is there already is left as it is.
 */
export async function makePassable(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let path = folder; path.length >= first.length; path = dirname(path)) await chmod(path, 0o711);
}
