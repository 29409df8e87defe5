import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { QemuUser } from "../confinement/qemu-user.ts";
import type { Machine } from "../machine/machine.ts";

/** Where the instructions are loaded, and entered. */
const entry = 0x10_0000;
/** Where they are in the file. */
const codeAt = 0x1000;

/**
 * A kernel in the run folder that is these instructions, of 32 bits at first: the least ELF that says (in a note, as PVH has
 * it) where it is entered. `microvm` boots nothing less.
 */
export async function writePvhKernel(
  runFolder: string,
  code: Uint8Array,
  owner: QemuUser | undefined,
): Promise<NonNullable<Machine["kernel"]>> {
  const files = { kernel: pvhKernel(code), initrd: Buffer.from("none") };
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(runFolder, name);
    await writeFile(path, bytes, { mode: 0o600 });
    if (owner) await chown(path, owner.uid, owner.gid);
  }
  return { path: "kernel", initrd: "initrd", commandLine: "" };
}

function pvhKernel(code: Uint8Array): Uint8Array {
  const note = [...words(4, 4, 18), ...Buffer.from("Xen\0"), ...words(entry)];
  const headers = [
    ...[0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...words(0x0003_0002, 1, entry, 52, 0, 0),
    ...[52, 0, 32, 0, 2, 0, 40, 0, 0, 0, 0, 0],
    ...words(1, codeAt, entry, entry, code.length, code.length, 5, 0x1000),
    ...words(4, 52 + 2 * 32, 0, 0, note.length, note.length, 4, 4),
  ];
  const image = Buffer.alloc(codeAt + code.length);
  image.set([...headers, ...note]);
  image.set(code, codeAt);
  return image;
}

/** Little-endian, of 32 bits. */
const words = (...values: number[]): number[] =>
  values.flatMap((value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return [...bytes];
  });
