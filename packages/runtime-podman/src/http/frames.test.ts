import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Frame, frames } from "./frames.ts";

function encode({ stream, data }: Frame): Buffer {
  const header = Buffer.from([stream === "stderr" ? 2 : 1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("the frames of a multiplexed stream", () => {
  it("come out as they were put in, however the bytes arrive", async () => {
    const frame = fc.record({
      stream: fc.constantFrom<Frame["stream"]>("stdout", "stderr"),
      data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(frame), fc.integer({ min: 1, max: 50 }), async (sent, size) => {
        const received = await Array.fromAsync(frames(inPieces(Buffer.concat(sent.map(encode)), size)));
        expect(received).toEqual(sent);
      }),
    );
  });

  it("are refused where the stream is something else", async () => {
    const text = Buffer.from("HTTP/1.1 500 Internal Server Error");
    await expect(Array.fromAsync(frames(inPieces(text, 8)))).rejects.toMatchObject({
      code: "runtime_failed",
    });
  });
});
