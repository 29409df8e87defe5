import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@mcp/base";

/** What is recorded of a file when it is built, and looked for before each boot. */
export interface FileRecord {
  readonly sha256: string;
  readonly bytes: number;
}

const chunkBytes = 1024 * 1024;

/** SHA-256 and size of a file, read in pieces. No link is followed. */
export async function digestOf(path: string, signal: AbortSignal): Promise<FileRecord> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const hash = createHash("sha256");
    // While one piece is hashed the next is read.
    let [spare, reading] = [
      Buffer.allocUnsafe(chunkBytes),
      file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, 0),
    ];
    for (let bytes = 0; ; ) {
      const { bytesRead, buffer } = await reading;
      signal.throwIfAborted();
      if (bytesRead === 0) return { sha256: hash.digest("hex"), bytes };
      bytes += bytesRead;
      reading = file.read(spare, 0, chunkBytes, bytes);
      hash.update(buffer.subarray(0, bytesRead));
      spare = buffer;
    }
  } finally {
    await file.close();
  }
}

/**
 * See that each file of an image is what was built.
 *
 * @throws Problem `image_corrupted`, naming the first file that is not, and what to remove so that it is built anew.
 */
export async function attest(
  folder: string,
  files: Readonly<Record<string, FileRecord>>,
  signal: AbortSignal,
): Promise<void> {
  for (const [name, recorded] of Object.entries(files)) {
    let found: FileRecord;
    try {
      found = await digestOf(join(folder, name), signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw corrupted(folder, `${name} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { cause });
    }
    if (found.bytes !== recorded.bytes)
      throw corrupted(folder, `${name} has ${found.bytes} bytes, and was built with ${recorded.bytes}`);
    if (found.sha256 !== recorded.sha256)
      throw corrupted(folder, `the SHA-256 of ${name} is not the one that it was built with`);
  }
}

export const corrupted = (
  folder: string,
  what: string,
  options: { readonly cause?: unknown } = {},
): Problem =>
  new Problem(
    "image_corrupted",
    `the guest image in ${folder} is not what was built, and is not booted: ${what}`,
    `find out who changed it, then remove it so that it is built anew: rm -r ${folder}`,
    options,
  );
