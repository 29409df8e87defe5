import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Put a new file in the place of `path` in one piece: `write` makes it at `beside`, in the same folder, and sees that it is
 * on the disk; then it is renamed. Nothing of it is left if that fails.
 */
export async function replaceFile(path: string, beside: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Without it the rename itself may be lost in a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
