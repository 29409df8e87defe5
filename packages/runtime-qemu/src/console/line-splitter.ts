/** A line of a raw output, as bytes, and where in that output the next one begins. */
export interface RawLine {
  /** Without its line end. */
  readonly bytes: Buffer;
  readonly end: number;
}

/** Lines beyond this come in parts: a guest that never ends its line must not fill the agent's memory. */
export const longestLineBytes = 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts a stream of bytes into lines. Where it cuts depends on the bytes alone and never on the pieces that they arrive
 * in, so whoever reads the same bytes again, from the end of any line on, finds the same lines. NUL bytes before a line
 * are no part of it: a hole in a file reads as those.
 */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #length = 0;
  /** Where the first byte stands that is in no line yet. */
  #start: number;
  readonly #longest: number;

  constructor(start: number, longest = longestLineBytes) {
    this.#start = start;
    this.#longest = longest;
  }

  /** Where the next byte to push stands. */
  get end(): number {
    return this.#start + this.#length;
  }

  push(chunk: Buffer): RawLine[] {
    const lines: RawLine[] = [];
    for (let from = 0; from < chunk.length; ) {
      if (this.#length === 0 && chunk[from] === 0) {
        from++;
        this.#start++;
        continue;
      }
      const feed = chunk.indexOf(lineFeed, from);
      const to = feed < 0 ? chunk.length : feed;
      const piece = chunk.subarray(from, to);
      // What stays is copied, so that a short rest does not hold the whole chunk.
      this.#add(feed < 0 ? Buffer.from(piece) : piece);
      while (this.#length > this.#longest) lines.push(this.#cut());
      if (feed >= 0) lines.push(this.#take(1));
      from = to + 1;
    }
    return lines;
  }

  /** What was begun and will not be ended. */
  rest(): RawLine | undefined {
    return this.#length === 0 ? undefined : this.#take(0);
  }

  #add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  #take(lineEnd: 0 | 1): RawLine {
    const [only] = this.#pieces;
    const whole = only && this.#pieces.length === 1 ? only : Buffer.concat(this.#pieces);
    let length = whole.length;
    // A serial line ends its lines with CR LF, and a program that writes CR LF itself makes that CR CR LF.
    while (length > 0 && whole[length - 1] === carriageReturn) length--;
    this.#start += whole.length + lineEnd;
    this.#pieces = [];
    this.#length = 0;
    return { bytes: whole.subarray(0, length), end: this.#start };
  }

  /** The longest part that may be, or a little less, so that no letter is cut in two. */
  #cut(): RawLine {
    const whole = Buffer.concat(this.#pieces);
    let length = this.#longest;
    while (length > this.#longest - 3 && length > 1 && isInsideLetter(whole[length])) length--;
    const end = this.#start + length;
    let next = length;
    while (whole[next] === 0) next++;
    this.#start += next;
    this.#length -= next;
    this.#pieces = this.#length === 0 ? [] : [whole.subarray(next)];
    return { bytes: whole.subarray(0, length), end };
  }
}

/** Whether a byte of UTF-8 goes on with what the byte before it began. */
const isInsideLetter = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
