/** What a tar archive of the tests is made of: paths without a leading slash. */
export type TarEntry =
  | { readonly path: string; readonly type: "folder"; readonly mode?: number; readonly uid?: number }
  | {
      readonly path: string;
      readonly type: "file";
      readonly data: Uint8Array | string;
      readonly mode?: number;
      readonly uid?: number;
    }
  | { readonly path: string; readonly type: "link"; readonly to: string };

/** A ustar archive with times of 0. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const data = entry.type === "file" ? Buffer.from(entry.data as string) : Buffer.alloc(0);
    return [headerOf(entry, data.length), data, Buffer.alloc(-data.length & 511)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function headerOf(entry: TarEntry, size: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, width: number): void => {
    header.write(value.toString(8).padStart(width - 1, "0"), at);
  };
  header.write(entry.type === "folder" ? `${entry.path}/` : entry.path, 0, 100);
  const { mode, uid = 0 } = { mode: undefined, ...entry } as { mode?: number; uid?: number };
  octal(mode ?? (entry.type === "folder" ? 0o755 : entry.type === "link" ? 0o777 : 0o644), 100, 8);
  octal(uid, 108, 8);
  octal(uid, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  header.write({ file: "0", folder: "5", link: "2" }[entry.type], 156);
  if (entry.type === "link") header.write(entry.to, 157, 100);
  header.write("ustar\x0000", 257);
  header.write("        ", 148);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return header;
}
