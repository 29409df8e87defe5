/** What a guest does, one after the other. Times in milliseconds, at most 65 535; exit codes as isa-debug-exit takes them. */
export type Step =
  | { readonly does: "print"; readonly text: string }
  | { readonly does: "wait"; readonly ms: number }
  | { readonly does: "exit"; readonly code: number }
  /** From the step with this index on. */
  | { readonly does: "again"; readonly from: number };

/** Where the steps are loaded: after the boot sector, which the BIOS puts at 0x7c00. */
const stepsAt = 0x8000;
const sectorBytes = 512;
const sectors = 64;
/** A BIOS reads no disk that has not even one cylinder. */
const diskBytes = 1024 * 1024;

/**
 * A raw disk that a BIOS boots: its first sector loads the rest and takes the steps there, printing on the first serial
 * line and leaving by a write to port 0x501. 16-bit code, made by hand.
 */
export function bootDisk(steps: readonly Step[]): Buffer {
  const disk = Buffer.alloc(diskBytes);
  disk.set(bootSector, 0);
  disk.set([0x55, 0xaa], sectorBytes - 2);
  const starts: number[] = [];
  let at = stepsAt;
  const records = steps.map((step) => {
    starts.push(at);
    const record = recordOf(step, starts);
    at += record.length;
    return record;
  });
  const code = Buffer.concat([...records, Buffer.from([0])]);
  if (code.length > sectors * sectorBytes) throw new RangeError("more steps than the disk holds");
  disk.set(code, sectorBytes);
  return disk;
}

function recordOf(step: Step, starts: readonly number[]): Buffer {
  switch (step.does) {
    case "print": {
      const text = Buffer.from(step.text);
      return text.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from("P"), word(text.length), text]);
    }
    case "wait":
      return Buffer.concat([Buffer.from("W"), word(step.ms)]);
    case "exit":
      return Buffer.concat([Buffer.from("X"), Buffer.from([step.code])]);
    case "again":
      return Buffer.concat([Buffer.from("J"), word(starts[step.from] ?? stepsAt)]);
  }
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

const bootSector = [
  // 00: the segments are 0, the stack grows down from here; the BIOS left the drive's number in dl.
  ...[0x31, 0xc0], //             xor ax, ax
  ...[0x8e, 0xd8], //             mov ds, ax
  ...[0x8e, 0xc0], //             mov es, ax
  ...[0x8e, 0xd0], //             mov ss, ax
  ...[0xbc, 0x00, 0x7c], //       mov sp, 0x7c00
  0xfc, //                        cld
  // 0c: read the steps, as the packet at 5c says.
  ...[0xbe, 0x5c, 0x7c], //       mov si, 0x7c5c
  ...[0xb4, 0x42], //             mov ah, 0x42
  ...[0xcd, 0x13], //             int 0x13
  ...[0x72, 0x14], //             jc 29
  ...[0xbe, 0x00, 0x80], //       mov si, 0x8000
  // 18: the next step.
  0xac, //                        lodsb
  ...[0x3c, 0x50, 0x74, 0x0f], // cmp al, 'P'; je 2c
  ...[0x3c, 0x57, 0x74, 0x1f], // cmp al, 'W'; je 40
  ...[0x3c, 0x58, 0x74, 0x2b], // cmp al, 'X'; je 50
  ...[0x3c, 0x4a, 0x74, 0x2e], // cmp al, 'J'; je 57
  // 29: stand still.
  ...[0xf4, 0xeb, 0xfd], //       hlt; jmp 29
  // 2c: print so many bytes, each when the line is ready for it.
  ...[0xad, 0x89, 0xc1], //       lodsw; mov cx, ax
  ...[0xba, 0xfd, 0x03, 0xec], // mov dx, 0x3fd; in al, dx
  ...[0xa8, 0x20, 0x74, 0xf8], // test al, 0x20; jz 2f
  ...[0xba, 0xf8, 0x03], //       mov dx, 0x3f8
  ...[0xac, 0xee, 0xe2, 0xf1], // lodsb; out dx, al; loop 2f
  ...[0xeb, 0xd8], //             jmp 18
  // 40: wait so many milliseconds, which the BIOS counts in microseconds.
  ...[0xad, 0xbb, 0xe8, 0x03], // lodsw; mov bx, 1000
  ...[0xf7, 0xe3], //             mul bx
  ...[0x89, 0xd1, 0x89, 0xc2], // mov cx, dx; mov dx, ax
  ...[0xb4, 0x86, 0xcd, 0x15], // mov ah, 0x86; int 0x15
  ...[0xeb, 0xc8], //             jmp 18
  // 50: leave.
  ...[0xac, 0xba, 0x01, 0x05], // lodsb; mov dx, 0x501
  ...[0xee, 0xeb, 0xd2], //       out dx, al; jmp 29
  // 57: go on elsewhere.
  ...[0xad, 0x89, 0xc6], //       lodsw; mov si, ax
  ...[0xeb, 0xbc], //             jmp 18
  // 5c: 64 sectors from the second one on, to 0000:8000.
  ...[0x10, 0x00, sectors, 0x00, 0x00, 0x80, 0x00, 0x00],
  ...[0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
];
