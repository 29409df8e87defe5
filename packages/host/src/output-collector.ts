import type { Readable } from "node:stream";

/** Keeps the last `maxBytes` of a stream; `onOverflow` is told, once, that there was more. */
export class OutputCollector {
  readonly #chunks: Buffer[] = [];
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(stream: Readable, maxBytes: number, onOverflow: () => void = () => {}) {
    this.#maxBytes = maxBytes;
    let overflowed = false;
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > maxBytes && !overflowed) {
        overflowed = true;
        onOverflow();
      }
      // Whole chunks are dropped as long as enough is left; `text` cuts the rest.
      for (
        let first = this.#chunks[0];
        first && this.#bytes - first.length >= maxBytes;
        first = this.#chunks[0]
      ) {
        this.#chunks.shift();
        this.#bytes -= first.length;
      }
    });
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(-this.#maxBytes).toString("utf8");
  }
}
