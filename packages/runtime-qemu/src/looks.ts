import { stat } from "node:fs/promises";

/**
 * How a file looks from outside: its inode, its size, and the times at which it was written and changed. What was found out
 * about a file that looks the same still holds, short of somebody who means to deceive.
 *
 * @throws what the file system says where it is not there.
 */
export async function looksOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}
