/** Puts lines together out of what arrives in pieces, and holds no more than one line of bounded length. */
export class LineReader {
  readonly #longest: number;
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param longest  of a line, in bytes. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The lines that this piece completes, without their ends; undefined once one is too long, which there is no way back from. */
  push(piece: Buffer): readonly string[] | undefined {
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf(0x0a); end >= 0; end = piece.indexOf(0x0a, start)) {
      if (this.#heldBytes + end - start > this.#longest) return undefined;
      // Decoded as a whole: a piece may end inside a character.
      lines.push(Buffer.concat([...this.#held, piece.subarray(start, end)]).toString("utf8"));
      [this.#held, this.#heldBytes] = [[], 0];
      start = end + 1;
    }
    if (start < piece.length) {
      this.#held.push(piece.subarray(start));
      this.#heldBytes += piece.length - start;
    }
    return this.#heldBytes > this.#longest ? undefined : lines;
  }
}
