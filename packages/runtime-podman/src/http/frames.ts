import { Problem } from "@mcp/base";

export interface Frame {
  readonly stream: "stdout" | "stderr";
  readonly data: Buffer;
}

const headerBytes = 8;
const maxFrameBytes = 16 * 1024 * 1024;

/**
 * The frames of a multiplexed stream, as podman sends logs and what an exec prints: one byte that names the stream, three
 * zeros, the length in four bytes, big endian, then so many bytes. Frames need not be lines.
 */
export async function* frames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let held = Buffer.alloc(0);
  for await (const chunk of chunks) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    while (held.length >= headerBytes) {
      const length = held.readUInt32BE(4);
      const kind = held[0] ?? 0;
      if (kind > 2 || length > maxFrameBytes) throw senseless();
      if (held.length < headerBytes + length) break;
      const data = held.subarray(headerBytes, headerBytes + length);
      yield { stream: kind === 2 ? "stderr" : "stdout", data };
      held = held.subarray(headerBytes + length);
    }
  }
}

function senseless(): Problem {
  return new Problem(
    "runtime_failed",
    "podman sent a stream that is not made of frames",
    "see what answers on its socket",
  );
}
