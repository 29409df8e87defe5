/** One file of an initial RAM filesystem. Paths are relative, folders come before what is in them. */
export type CpioEntry =
  | { readonly path: string; readonly type: "folder"; readonly mode: number }
  | { readonly path: string; readonly type: "file"; readonly mode: number; readonly data: Uint8Array }
  | {
      readonly path: string;
      readonly type: "device";
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const typeBits = { folder: 0o040000, file: 0o100000, device: 0o020000 } as const;

/**
 * A cpio archive in the `newc` format, as the kernel unpacks it: everything root's, all times 0, so that the same entries are
 * the same bytes. Archives may follow each other in one file; what comes later replaces what came before.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => {
    const data = entry.type === "file" ? entry.data : new Uint8Array();
    const device = entry.type === "device" ? entry : { major: 0, minor: 0 };
    const header = headerOf({
      ...device,
      ino: index + 1,
      mode: typeBits[entry.type] | entry.mode,
      path: entry.path,
      size: data.length,
    });
    return [header, data, Buffer.alloc(padding(data.length))];
  });
  return Buffer.concat([
    ...parts,
    headerOf({ ino: 0, mode: 0, size: 0, major: 0, minor: 0, path: "TRAILER!!!" }),
  ]);
}

interface Header {
  readonly ino: number;
  readonly mode: number;
  readonly size: number;
  readonly major: number;
  readonly minor: number;
  readonly path: string;
}

/** Thirteen numbers of eight hex digits, then the name with a NUL, filled up to a multiple of four bytes. */
function headerOf({ ino, mode, size, major, minor, path }: Header): Buffer {
  const name = Buffer.from(`${path}\0`);
  const numbers = [ino, mode, 0, 0, 1, 0, size, 0, 0, major, minor, name.length, 0];
  const fixed = Buffer.from(
    `070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`,
  );
  return Buffer.concat([fixed, name, Buffer.alloc(padding(fixed.length + name.length))]);
}

const padding = (length: number): number => -length & 3;
