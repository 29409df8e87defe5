import { type FileHandle, open } from "node:fs/promises";
import { Problem } from "@mcp/base";
import { readAt } from "../../console/read-at.ts";
import { ImageTree, type TreeNode } from "./image-tree.ts";
import { blockBytes, parsePaxRecords, parseTarHeader, type TarHeader, text } from "./tar-header.ts";

/** The files of an exported image. */
export interface ImageFiles {
  readonly tree: ImageTree;
  /** When the newest of its entries was changed, in seconds since the epoch; what is of the future does not count. */
  readonly newest: number;
}

export interface TarSource {
  readonly path: string;
  /** Of the image: problems name it. */
  readonly reference: string;
  /** What is later is of the future. Absent: nothing is. */
  readonly nowMs?: number;
}

export interface TarLimits {
  readonly entries: number;
  /** Of all files together. */
  readonly bytes: number;
  /** What the tree of their names may weigh: see `ImageTree`. */
  readonly weight: number;
}

const defaultLimits: TarLimits = { entries: 1_000_000, bytes: 64 * 1024 ** 3, weight: 512 * 1024 ** 2 };
const windowBytes = 256 * 1024;
const longestRecordBytes = 1024 * 1024;
const longestPath = 4_096;

/**
 * What is in a tar file: names, links, and where each file's bytes stand. Nothing is unpacked, and only headers are read. A
 * name that leads out of the image, or through something that is no folder, is refused.
 *
 * @throws Problem `runtime_failed`, naming the image, for a file that is no whole tar file, or one made to mislead.
 */
export async function readTar(
  { path, reference, nowMs = Number.MAX_SAFE_INTEGER }: TarSource,
  signal: AbortSignal,
  limits: TarLimits = defaultLimits,
): Promise<ImageFiles> {
  const file = await open(path, "r");
  try {
    return await new TarReader(file, (await file.stat()).size, nowMs, limits, signal).read();
  } catch (error) {
    throw error instanceof Refusal ? unreadable(reference, error.message, error) : error;
  } finally {
    await file.close();
  }
}

/** For an image whose files cannot be made sense of; `why` follows a colon. */
export const unreadable = (reference: string, why: string, cause?: unknown): Problem =>
  new Problem(
    "runtime_failed",
    `the files of ${reference} cannot be read: ${why}`,
    "build and push the image again, or pull it again: mcp deploy",
    { cause },
  );

/** Does not leave this file. */
class Refusal extends Error {}

function refuse(why: string): never {
  throw new Refusal(why);
}

class TarReader {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #nowMs: number;
  readonly #limits: TarLimits;
  readonly #signal: AbortSignal;
  readonly #tree = new ImageTree();
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;
  #entries = 0;
  #bytes = 0;

  constructor(file: FileHandle, size: number, nowMs: number, limits: TarLimits, signal: AbortSignal) {
    this.#file = file;
    this.#size = size;
    this.#nowMs = nowMs;
    this.#limits = limits;
    this.#signal = signal;
  }

  async read(): Promise<ImageFiles> {
    let newest = 0;
    /** What the entries before say of the next one. */
    let said = new Map<string, string>();
    for (let at = 0; at + blockBytes <= this.#size; ) {
      const block = await this.#block(at);
      if (block.every((byte) => byte === 0)) return { tree: this.#tree, newest };
      const header = parseTarHeader(block) ?? refuse("the tar file is damaged");
      const size = sizeOf(header, said);
      const data = at + blockBytes;
      if (data + size > this.#size) refuse("the tar file ends too early");
      if (++this.#entries > this.#limits.entries) refuse(`it has more than ${this.#limits.entries} entries`);
      if (header.changed * 1_000 <= this.#nowMs) newest = Math.max(newest, header.changed);
      at = data + Math.ceil(size / blockBytes) * blockBytes;
      if ("xLK".includes(header.type)) {
        for (const [key, value] of await this.#records(header.type, data, size)) said.set(key, value);
        continue;
      }
      if (header.type === "g") continue;
      this.#add(header, said, data, size);
      said = new Map();
    }
    return refuse("the tar file ends too early");
  }

  #add(header: TarHeader, said: ReadonlyMap<string, string>, offset: number, size: number): void {
    const path = absolute(said.get("path") ?? header.name);
    const node = this.#nodeOf(header, said, offset, size);
    if (path === "/") return;
    if (node.type === "file" && header.type !== "1") this.#bytes += size;
    if (this.#bytes > this.#limits.bytes) refuse(`its files have more than ${this.#limits.bytes} bytes`);
    if (!this.#tree.put(path, node))
      refuse(`${JSON.stringify(path)} leads through something that is no folder`);
    if (this.#tree.weight > this.#limits.weight) refuse("its names are too many and too long");
  }

  #nodeOf(
    { type, linkName, isExecutable }: TarHeader,
    said: ReadonlyMap<string, string>,
    offset: number,
    size: number,
  ): TreeNode {
    const target = said.get("linkpath") ?? linkName;
    if ([...said.keys()].some((key) => key.startsWith("GNU.sparse"))) refuse("it has files with holes");
    switch (type) {
      case "0":
      case "7":
        return { type: "file", offset, size, isExecutable };
      case "1": {
        // A link, and a device too, may have more than one name.
        const same = this.#tree.get(absolute(target));
        return same && same.type !== "folder"
          ? same
          : refuse(`a hard link leads to ${JSON.stringify(target.slice(0, 200))}`);
      }
      case "2":
        if (target.length > longestPath) refuse("a link leads to a name that is too long");
        return { type: "link", target };
      case "5":
        return { type: "folder" };
      case "S":
        return refuse("it has files with holes");
      default:
        return { type: "other" };
    }
  }

  async #records(type: string, at: number, size: number): Promise<Map<string, string>> {
    if (size > longestRecordBytes) refuse("a name in the tar file is too long");
    const data = await readAt(this.#file, at, size);
    if (data.length < size) refuse("the tar file ends too early");
    if (type === "x") return parsePaxRecords(data) ?? refuse("the tar file is damaged");
    return new Map([[type === "L" ? "path" : "linkpath", text(data, 0, size)]]);
  }

  /** Many blocks are read at once: most files are small. */
  async #block(at: number): Promise<Buffer> {
    if (at < this.#windowAt || at + blockBytes > this.#windowAt + this.#window.length) {
      this.#signal.throwIfAborted();
      this.#window = await readAt(this.#file, at, Math.min(windowBytes, this.#size - at));
      this.#windowAt = at;
      if (this.#window.length < blockBytes) refuse("the tar file ends too early");
    }
    return this.#window.subarray(at - this.#windowAt, at - this.#windowAt + blockBytes);
  }
}

function sizeOf({ type, size }: TarHeader, said: ReadonlyMap<string, string>): number {
  // Links, folders and devices may carry a size that means nothing.
  if ("123456".includes(type)) return 0;
  const corrected = "xgLK".includes(type) ? undefined : said.get("size");
  if (corrected === undefined) return size;
  const result = /^\d{1,16}$/.test(corrected) ? Number(corrected) : -1;
  return Number.isSafeInteger(result) && result >= 0 ? result : refuse("the tar file is damaged");
}

function absolute(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || name.length > longestPath || name.includes("\0"))
    refuse(`it names ${JSON.stringify(name.slice(0, 200))}`);
  return `/${parts.join("/")}`;
}
