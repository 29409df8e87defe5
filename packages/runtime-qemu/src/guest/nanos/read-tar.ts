import { type FileHandle, open } from "node:fs/promises";
import { Problem } from "@mcp/base";
import { readAt } from "../../console/read-at.ts";
import { ImageTree, type TreeNode } from "./image-tree.ts";
import { blockBytes, parsePaxRecords, parseTarHeader, type TarHeader, text } from "./tar-header.ts";

export interface TarLimits {
  readonly entries: number;
  /** Of all files together. */
  readonly bytes: number;
}

const defaultLimits: TarLimits = { entries: 500_000, bytes: 16 * 1024 ** 3 };
const windowBytes = 256 * 1024;
const longestRecordBytes = 1024 * 1024;
const longestPath = 4_096;

/**
 * What is in a tar file: names, links, and where each file's bytes stand. Nothing is unpacked. A name that leads out of the
 * image, or through something that is no folder, is refused; devices, pipes and sockets are left out.
 *
 * @throws Problem `runtime_failed` for a file that is no whole tar file, or one made to mislead.
 */
export async function readTar(
  path: string,
  signal: AbortSignal,
  limits: TarLimits = defaultLimits,
): Promise<ImageTree> {
  const file = await open(path, "r");
  try {
    return await new TarReader(file, (await file.stat()).size, limits, signal).read();
  } finally {
    await file.close();
  }
}

class TarReader {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #limits: TarLimits;
  readonly #signal: AbortSignal;
  readonly #tree = new ImageTree();
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;
  #entries = 0;
  #bytes = 0;

  constructor(file: FileHandle, size: number, limits: TarLimits, signal: AbortSignal) {
    this.#file = file;
    this.#size = size;
    this.#limits = limits;
    this.#signal = signal;
  }

  async read(): Promise<ImageTree> {
    /** What the entries before say of the next one. */
    let said = new Map<string, string>();
    for (let at = 0; at + blockBytes <= this.#size; ) {
      const block = await this.#block(at);
      if (block.every((byte) => byte === 0)) return this.#tree;
      const header = parseTarHeader(block) ?? refuse("it is damaged");
      const size = sizeOf(header, said);
      const data = at + blockBytes;
      if (data + size > this.#size) refuse("it ends too early");
      if (++this.#entries > this.#limits.entries) refuse(`it has more than ${this.#limits.entries} entries`);
      at = data + Math.ceil(size / blockBytes) * blockBytes;
      if ("xLK".includes(header.type)) {
        for (const [key, value] of await this.#records(header.type, data, size)) said.set(key, value);
        continue;
      }
      if (header.type !== "g") this.#add(header, said, data, size);
      said = new Map();
    }
    return refuse("it ends too early");
  }

  #add(header: TarHeader, said: ReadonlyMap<string, string>, offset: number, size: number): void {
    const path = absolute(said.get("path") ?? header.name);
    const node = this.#nodeOf(header, said, offset, size);
    if (path === "/" || !node) return;
    if (node.type === "file" && header.type !== "1") this.#bytes += size;
    if (this.#bytes > this.#limits.bytes) refuse(`its files have more than ${this.#limits.bytes} bytes`);
    if (!this.#tree.put(path, node))
      refuse(`${JSON.stringify(path)} leads through something that is no folder`);
  }

  #nodeOf(
    { type, linkName, isExecutable }: TarHeader,
    said: ReadonlyMap<string, string>,
    offset: number,
    size: number,
  ): TreeNode | undefined {
    const target = said.get("linkpath") ?? linkName;
    if ([...said.keys()].some((key) => key.startsWith("GNU.sparse"))) refuse("it has files with holes");
    switch (type) {
      case "0":
      case "7":
        return { type: "file", offset, size, isExecutable };
      case "1": {
        const same = this.#tree.get(absolute(target));
        return same?.type === "file" ? same : refuse(`a hard link leads to ${JSON.stringify(target)}`);
      }
      case "2":
        return { type: "link", target: target.slice(0, longestPath) };
      case "5":
        return { type: "folder" };
      case "S":
        return refuse("it has files with holes");
      default:
        return undefined;
    }
  }

  async #records(type: string, at: number, size: number): Promise<Map<string, string>> {
    if (size > longestRecordBytes) refuse("it is damaged");
    const data = await readAt(this.#file, at, size);
    if (type === "x") return parsePaxRecords(data);
    return new Map([[type === "L" ? "path" : "linkpath", text(data, 0, size)]]);
  }

  /** Many blocks are read at once: most files are small. */
  async #block(at: number): Promise<Buffer> {
    if (at < this.#windowAt || at + blockBytes > this.#windowAt + this.#window.length) {
      this.#signal.throwIfAborted();
      this.#window = await readAt(this.#file, at, Math.min(windowBytes, this.#size - at));
      this.#windowAt = at;
    }
    return this.#window.subarray(at - this.#windowAt, at - this.#windowAt + blockBytes);
  }
}

function sizeOf({ type, size }: TarHeader, said: ReadonlyMap<string, string>): number {
  // Links and folders may carry a size that means nothing.
  if ("125".includes(type)) return 0;
  const corrected = "xgLK".includes(type) ? undefined : said.get("size");
  const result = corrected === undefined ? size : Number(corrected);
  return Number.isSafeInteger(result) && result >= 0 ? result : refuse("it is damaged");
}

function absolute(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || name.length > longestPath || name.includes("\0"))
    refuse(`it names ${JSON.stringify(name.slice(0, 200))}`);
  return `/${parts.join("/")}`;
}

function refuse(why: string): never {
  throw new Problem(
    "runtime_failed",
    `the image's files cannot be read: ${why}`,
    "build and push the image again, or pull it again: mcp deploy",
  );
}
