import { posix } from "node:path";

export type TreeNode =
  | { readonly type: "folder" }
  /** Its bytes stand at `offset` in the tar file. */
  | {
      readonly type: "file";
      readonly offset: number;
      readonly size: number;
      readonly isExecutable: boolean;
    }
  | { readonly type: "link"; readonly target: string }
  /** A device, a pipe or a socket. */
  | { readonly type: "other" };

export interface Resolved {
  /** Absolute, with no link in it. */
  readonly path: string;
  readonly node: TreeNode;
  /** The links that were followed on the way, in order. */
  readonly links: readonly string[];
}

/** As the kernel does. */
const mostLinks = 40;
const nodeWeight = 256;

/**
 * An image's root filesystem as its tar file tells it: nothing of it is on this host's disk, so no link in it can lead to
 * anything of this host's.
 */
export class ImageTree {
  readonly #nodes = new Map<string, TreeNode>([["/", { type: "folder" }]]);
  readonly #children = new Map<string, Set<string>>([["/", new Set()]]);

  #weight = 0;

  /** About how many bytes of memory its names take: short entries with deep names make many folders. */
  get weight(): number {
    return this.#weight;
  }

  get(path: string): TreeNode | undefined {
    return this.#nodes.get(path);
  }

  get paths(): IterableIterator<string> {
    return this.#nodes.keys();
  }

  /** Names in a folder, sorted. */
  names(folder: string): string[] {
    return [...(this.#children.get(folder) ?? [])].sort();
  }

  /** Put a node at an absolute path, with the folders above it; false if something that is no folder stands in the way. */
  put(path: string, node: TreeNode): boolean {
    const before = this.#nodes.get(path);
    if (before?.type === "folder") return node.type === "folder";
    const parent = posix.dirname(path);
    const above = this.#nodes.get(parent);
    if (above ? above.type !== "folder" : !this.put(parent, { type: "folder" })) return false;
    this.#nodes.set(path, node);
    if (!before) this.#weight += path.length + nodeWeight;
    this.#children.get(parent)?.add(posix.basename(path));
    if (node.type === "folder") this.#children.set(path, new Set());
    return true;
  }

  remove(path: string): void {
    const node = this.#nodes.get(path);
    if (!node || node.type === "folder") return;
    this.#nodes.delete(path);
    this.#children.get(posix.dirname(path))?.delete(posix.basename(path));
  }

  /** What a path means inside the image: links are followed, and `..` ends at the image's own root. */
  resolve(path: string, from = "/"): Resolved | undefined {
    const waiting = [...path.split("/").reverse()];
    if (!path.startsWith("/")) waiting.push(...from.split("/").reverse());
    const links: string[] = [];
    let here = "/";
    for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
      const node = this.#nodes.get(here);
      if (part === "" || part === ".") continue;
      if (node?.type !== "folder") return undefined;
      if (part === "..") {
        here = posix.dirname(here);
        continue;
      }
      const next = posix.join(here, part);
      const found = this.#nodes.get(next);
      if (!found) return undefined;
      if (found.type !== "link") {
        here = next;
        continue;
      }
      links.push(next);
      if (links.length > mostLinks) return undefined;
      waiting.push(...found.target.split("/").reverse());
      if (found.target.startsWith("/")) here = "/";
    }
    const node = this.#nodes.get(here);
    return node && { path: here, node, links };
  }

  /** The path and all that lies below it. */
  *below(path: string): IterableIterator<string> {
    yield path;
    for (const name of this.names(path)) yield* this.below(posix.join(path, name));
  }
}
