import { open } from "node:fs/promises";
import { readAt } from "../../console/read-at.ts";
import type { ImageTree } from "./image-tree.ts";
import { type TarSource, unreadable } from "./read-tar.ts";

const mostBytes = 1024 * 1024;

/**
 * The text of a file of an image, found as its programs would find it: links are followed inside the image. Undefined if
 * there is no such file.
 *
 * @throws Problem `runtime_failed` if it has more than a MiB.
 */
export async function readText(
  tree: ImageTree,
  path: string,
  source: TarSource,
): Promise<string | undefined> {
  const node = tree.resolve(path)?.node;
  if (node?.type !== "file") return undefined;
  if (node.size > mostBytes) throw unreadable(source.reference, `its ${path} has ${node.size} bytes`);
  const file = await open(source.path, "r");
  try {
    return (await readAt(file, node.offset, node.size)).toString("utf8");
  } finally {
    await file.close();
  }
}
