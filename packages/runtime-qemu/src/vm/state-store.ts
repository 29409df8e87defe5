import { randomBytes } from "node:crypto";
import { link, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makePassable } from "../confinement/passable-folder.ts";

/**
 * Which state folder this is: its path, and a number that was drawn when it was first used. The path alone would not tell
 * an empty mount point from the disk that should be mounted there.
 *
 * @returns such as `/srv/mcp/vm-state (3f9c2a51d0e84b77)`.
 */
export async function stateStore(stateDir: string): Promise<string> {
  await makePassable(stateDir);
  const path = join(stateDir, ".store");
  const id = (await read(path)) ?? (await draw(path));
  return `${await realpath(stateDir)} (${id})`;
}

async function read(path: string): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return /^([0-9a-f]{16})\n$/.exec(text)?.[1];
}

/** Written beside and linked, so that of two who draw at once one wins, and both read the same. */
async function draw(path: string): Promise<string> {
  const id = randomBytes(8).toString("hex");
  const beside = `${path}.${id}`;
  await writeFile(beside, `${id}\n`, { mode: 0o600 });
  try {
    await link(beside, path);
    return id;
  } catch (error) {
    const winner = await read(path);
    if (winner === undefined) throw error;
    return winner;
  } finally {
    await rm(beside, { force: true });
  }
}
