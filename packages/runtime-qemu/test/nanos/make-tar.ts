/** One entry of a tar file, as right or as wrong as a test wants it. */
export interface TarEntry {
  readonly name: string;
  /** Default `0`, a file. */
  readonly type?: string;
  readonly data?: Buffer | string;
  readonly linkName?: string;
  readonly mode?: number;
}

const blockBytes = 512;

export function makeTar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(entryOf), Buffer.alloc(2 * blockBytes)]);
}

/** What a name longer than its field is written as. */
export const paxRecords = (records: Readonly<Record<string, string>>): TarEntry => ({
  name: "PaxHeaders/x",
  type: "x",
  data: Object.entries(records)
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      let length = Buffer.byteLength(rest) + 1;
      while (`${length}`.length + Buffer.byteLength(rest) !== length) length++;
      return `${length}${rest}`;
    })
    .join(""),
});

function entryOf({ name, type = "0", data = "", linkName = "", mode = 0o644 }: TarEntry): Buffer {
  const bytes = Buffer.from(data);
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0, 100);
  header.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write(" ".repeat(8), 148);
  header.write(type, 156);
  header.write(linkName, 157, 100);
  header.write("ustar\u000000", 257, "latin1");
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes);
  return Buffer.concat([header, bytes, padding]);
}
