import { type FileHandle, mkdir, open, symlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { Problem } from "@mcp/base";
import type { ImageTree } from "../image-files/image-tree.ts";

const copyBytes = 1024 * 1024;

/**
 * The paths that a unikernel takes along: all, or those that `files` names with what lies below them and what their links
 * lead to; and what its program needs in any case.
 *
 * @throws Problem `start_failed` if `files` names something that the image does not have.
 */
export function choose(
  tree: ImageTree,
  files: readonly string[] | undefined,
  needs: readonly string[],
): ReadonlySet<string> {
  if (!files) return new Set(tree.paths);
  const chosen = new Set<string>();
  const waiting = [...needs];
  for (const name of files) {
    const found = tree.resolve(name);
    if (!found) {
      throw new Problem(
        "start_failed",
        `the image has no ${JSON.stringify(name)}, which files names`,
        "correct files in the definition, or leave it out: then all of the image is taken along",
      );
    }
    waiting.push(...found.links, found.path);
  }
  for (let root = waiting.pop(); root !== undefined; root = waiting.pop()) {
    // Of what is only needed, a folder comes without what is in it.
    const paths = files.length > 0 && isAmong(tree, files, root) ? [...tree.below(root)] : [root];
    for (const path of paths) {
      if (chosen.has(path)) continue;
      chosen.add(path);
      const target = tree.get(path)?.type === "link" ? tree.resolve(path) : undefined;
      if (target) waiting.push(...target.links, target.path);
    }
  }
  return chosen;
}

const isAmong = (tree: ImageTree, files: readonly string[], path: string): boolean =>
  files.some((name) => tree.resolve(name)?.path === path);

/**
 * Write chosen parts of an image into an empty folder. Nothing is followed: folders are made here, files are copied out of
 * the tar file into them, and links come last. Each link is made to lead to what it means inside the image, by a path that
 * cannot leave the folder; one that leads to nothing is left out, since `ops` takes it for a missing file.
 *
 * @returns how many bytes were written.
 */
export async function layOut(
  tree: ImageTree,
  chosen: ReadonlySet<string>,
  tar: string,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const source = await open(tar, "r");
  let bytes = 0;
  const links: string[] = [];
  const made = new Set(["/"]);
  const make = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    await make(posix.dirname(path));
    await mkdir(join(folder, path), { mode: 0o755 });
    made.add(path);
  };
  try {
    for (const path of chosen) {
      signal.throwIfAborted();
      const node = tree.get(path);
      if (node?.type === "folder") await make(path);
      if (node?.type === "link") links.push(path);
      if (node?.type !== "file") continue;
      await make(posix.dirname(path));
      await copy(source, node.offset, node.size, join(folder, path), node.isExecutable ? 0o755 : 0o644);
      bytes += node.size;
    }
    for (const path of links) {
      const target = tree.resolve(path);
      if (!target || !chosen.has(target.path)) continue;
      await make(posix.dirname(path));
      await symlink(posix.relative(posix.dirname(path), target.path) || ".", join(folder, path));
    }
  } finally {
    await source.close();
  }
  return bytes;
}

async function copy(source: FileHandle, from: number, size: number, to: string, mode: number): Promise<void> {
  const target = await open(to, "wx", mode);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(size, copyBytes));
    for (let done = 0; done < size; ) {
      const length = Math.min(buffer.length, size - done);
      const { bytesRead } = await source.read(buffer, 0, length, from + done);
      if (bytesRead === 0) throw new Error(`the tar file ended while ${to} was copied`);
      await target.writeFile(buffer.subarray(0, bytesRead));
      done += bytesRead;
    }
  } finally {
    await target.close();
  }
}
