import { describe, expect, it } from "vitest";
import { jsonLines } from "./json-lines.ts";

async function* inPieces(text: string, size: number) {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("JSON lines", () => {
  it.each([1, 2, 7, 1_000])(
    "are read in pieces of %i bytes, also across a letter of several",
    async (size) => {
      const read = await Array.fromAsync(jsonLines(inPieces('{"a":"é"}\n\n{"b":2}\n[3]', size)));
      expect(read).toEqual([{ a: "é" }, { b: 2 }, [3]]);
    },
  );

  it("say what came instead", async () => {
    await expect(Array.fromAsync(jsonLines(inPieces("Not Found\n", 100)))).rejects.toMatchObject({
      code: "runtime_failed",
      message: "podman sent something that is no JSON: Not Found",
    });
  });

  it("do not gather a line without end", async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(100_000, "x");
    }
    await expect(Array.fromAsync(jsonLines(endless()))).rejects.toMatchObject({ code: "runtime_failed" });
  });
});
