/**
 * The smallest x86-64 program: it exits with 0. It is what `ops build` is told to build.
 *
 * Of a program that is linked dynamically, ops learns its libraries by running it on this host, with this agent's rights.
 * A program out of an image must never run here, so ops is given this one, and the manifest, where the last word is ours,
 * names the image's.
 */
export function stubProgram(): Buffer {
  const loadAddress = 0x400000n;
  const headerBytes = 64;
  const segmentBytes = 56;
  const code = Buffer.from([
    ...[0xb8, 0x3c, 0x00, 0x00, 0x00], // mov eax, 60 (exit)
    ...[0x31, 0xff], //                   xor edi, edi
    ...[0x0f, 0x05], //                   syscall
  ]);
  const size = BigInt(headerBytes + segmentBytes + code.length);
  const head = Buffer.alloc(headerBytes + segmentBytes);
  head.write("\x7fELF", 0, "latin1");
  head.set([2, 1, 1], 4); // 64 bits, little-endian, version 1
  head.writeUInt16LE(2, 16); // an executable
  head.writeUInt16LE(62, 18); // for x86-64
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(loadAddress + BigInt(headerBytes + segmentBytes), 24); // where it begins
  head.writeBigUInt64LE(BigInt(headerBytes), 32); // where the segments are told
  head.writeUInt16LE(headerBytes, 52);
  head.writeUInt16LE(segmentBytes, 54);
  head.writeUInt16LE(1, 56); // one segment
  head.writeUInt32LE(1, headerBytes); // to be loaded
  head.writeUInt32LE(5, headerBytes + 4); // readable, executable
  head.writeBigUInt64LE(loadAddress, headerBytes + 16);
  head.writeBigUInt64LE(loadAddress, headerBytes + 24);
  head.writeBigUInt64LE(size, headerBytes + 32);
  head.writeBigUInt64LE(size, headerBytes + 40);
  head.writeBigUInt64LE(0x1000n, headerBytes + 48);
  return Buffer.concat([head, code]);
}
