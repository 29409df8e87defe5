/** What an ELF file's first bytes say; `why` is the end of a sentence that begins with the file's name. */
export type Elf =
  | {
      readonly ok: true /** What must load it, if it is not complete by itself. */;
      readonly interpreter?: string;
    }
  | { readonly ok: false; readonly why: string };

/** Enough for the headers and the interpreter's name of any program that a linker makes. */
export const elfHeadBytes = 64 * 1024;

const machines: Readonly<Record<number, string>> = {
  3: "32-bit x86",
  40: "32-bit ARM",
  183: "ARM64",
  243: "RISC-V",
};
const x86_64 = 62;
const interpreterSegment = 3;

/** Pure. `head` is the beginning of the file, `elfHeadBytes` of it or all. */
export function readElf(head: Buffer): Elf {
  if (head.toString("latin1", 0, 2) === "#!") {
    const line = head.toString("utf8", 2, 256).split("\n")[0]?.trim() ?? "";
    return { ok: false, why: `is a script, to be run by ${line}` };
  }
  if (head.length < 64 || head.toString("latin1", 0, 4) !== "\x7fELF")
    return { ok: false, why: "is no ELF program" };
  const is64 = head[4] === 2;
  const isLittle = head[5] === 1;
  const machine = isLittle ? head.readUInt16LE(18) : head.readUInt16BE(18);
  if (!is64 || !isLittle || machine !== x86_64) {
    const name = machines[machine] ?? `another machine (${machine})`;
    return { ok: false, why: `is built for ${machine === x86_64 ? "32-bit programs on x86-64" : name}` };
  }
  const type = head.readUInt16LE(16);
  // A position-independent program has the type of a library.
  if (type !== 2 && type !== 3) return { ok: false, why: "is an ELF file, and no program" };
  const interpreter = interpreterOf(head);
  return interpreter === undefined ? { ok: true } : { ok: true, interpreter };
}

function interpreterOf(head: Buffer): string | undefined {
  const table = Number(head.readBigUInt64LE(32));
  const entryBytes = head.readUInt16LE(54);
  const entries = head.readUInt16LE(56);
  for (let index = 0; index < entries; index++) {
    const at = table + index * entryBytes;
    if (at + 40 > head.length) return undefined;
    if (head.readUInt32LE(at) !== interpreterSegment) continue;
    const offset = Number(head.readBigUInt64LE(at + 8));
    const length = Number(head.readBigUInt64LE(at + 32));
    return head.toString("utf8", offset, offset + Math.min(length, 4_096)).replace(/\0.*$/s, "");
  }
  return undefined;
}
