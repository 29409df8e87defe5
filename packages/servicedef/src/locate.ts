import { parse } from "smol-toml";
import type { Path } from "./place.ts";

/** A table, list or value of a TOML text, and the line that it begins on. */
interface Spot {
  line: number;
  readonly inner: Map<string | number, Spot>;
  /** How many `[[headers]]` it has had, if it is a list of tables. */
  headers: number;
}

/** No key of a definition lies deeper; a hostile text could otherwise make a spot per character. */
const maxDepth = 8;

/**
 * Where the keys of a TOML text stand, which its parser does not tell. Only for text that the parser has accepted:
 * then it is enough to know strings, comments, brackets, headers and keys.
 *
 * @returns the 1-based line of a path, or of the innermost part of it that is there (for a missing key: its table);
 *   undefined if nothing of it is.
 */
export function locate(toml: string): (path: Path) => number | undefined {
  const root = new Scan(toml).document();
  return (path) => {
    let spot = root;
    for (const step of path) {
      const inner = spot.inner.get(step);
      if (!inner) break;
      spot = inner;
    }
    return spot === root ? undefined : spot.line;
  };
}

class Scan {
  readonly #text: string;
  #at = 0;
  #line = 1;
  /** How far lines are counted. */
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Spot {
    const root = newSpot(1);
    let table = root;
    if (this.#text.startsWith("\ufeff")) this.#at++;
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#peek() === "[") table = this.#header(root);
      else this.#pair(table);
    }
    return root;
  }

  /** `[a.b]` or `[[a.b]]`: the table that the pairs below it belong to. */
  #header(root: Spot): Spot {
    const line = this.#lineHere();
    const repeated = this.#text.startsWith("[[", this.#at);
    this.#at += repeated ? 2 : 1;
    const keys = this.#dottedKey();
    this.#at += repeated ? 2 : 1;
    let spot = root;
    for (const [depth, key] of keys.entries()) {
      spot = inside(spot, key, line);
      // A list of tables means its newest one, except where a header adds to the list.
      const adds = repeated && depth === keys.length - 1;
      if (adds) spot = inside(spot, spot.headers++, line);
      else if (spot.headers > 0) spot = inside(spot, spot.headers - 1, line);
    }
    spot.line = line;
    return spot;
  }

  /** `a.b = value` */
  #pair(table: Spot): void {
    const line = this.#lineHere();
    let spot = table;
    for (const key of this.#dottedKey()) spot = inside(spot, key, line);
    this.#at++;
    this.#skipBlank();
    this.#value(spot);
  }

  #value(spot: Spot): void {
    const first = this.#peek();
    if (first === '"' || first === "'") this.#string();
    else if (first === "[")
      this.#sequence("]", (index) => this.#value(inside(spot, index, this.#lineHere())));
    else if (first === "{") this.#sequence("}", () => this.#pair(spot));
    else this.#skip(/[^,\]}#\r\n]+/y);
  }

  #sequence(end: string, element: (index: number) => void): void {
    this.#at++;
    for (let index = 0; ; index++) {
      this.#skipBlank();
      if (this.#at >= this.#text.length) return;
      if (this.#peek() !== end) element(index);
      this.#skipBlank();
      // The end or a comma.
      if (this.#text[this.#at++] === end) return;
    }
  }

  /** Leaves off behind the last part and the blanks after it: at `=` or `]`. Past `maxDepth` parts are skipped. */
  #dottedKey(): string[] {
    const keys: string[] = [];
    for (;;) {
      this.#skip(/[ \t]+/y);
      const start = this.#at;
      const quote = this.#peek();
      if (quote === '"' || quote === "'") this.#string();
      else this.#skip(/[A-Za-z0-9_-]+/y);
      const written = this.#text.slice(start, this.#at);
      if (keys.length < maxDepth)
        keys.push(quote === '"' ? unescaped(written) : written.replace(/^'(.*)'$/s, "$1"));
      this.#skip(/[ \t]+/y);
      if (this.#peek() !== ".") return keys;
      this.#at++;
    }
  }

  /** By loops and not by one expression each: a regular expression runs out of stack on a megabyte of escapes. */
  #string(): void {
    const quote = this.#peek() ?? '"';
    const end = this.#text.startsWith(quote.repeat(3), this.#at) ? quote.repeat(3) : quote;
    this.#at += end.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at))
      this.#at += quote === '"' && this.#peek() === "\\" ? 2 : 1;
    this.#at += end.length;
    // A long string may end in one or two quotes of its own, directly before the three.
    while (end.length === 3 && this.#peek() === quote) this.#at++;
  }

  #skipBlank(): void {
    for (let before = -1; before !== this.#at; ) {
      before = this.#at;
      this.#skip(/[ \t\r\n]+/y);
      this.#skip(/#[^\n]*/y);
    }
  }

  #skip(what: RegExp): void {
    what.lastIndex = this.#at;
    this.#at += what.exec(this.#text)?.[0].length ?? 0;
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #lineHere(): number {
    for (; this.#counted < this.#at; this.#counted++) if (this.#text[this.#counted] === "\n") this.#line++;
    return this.#line;
  }
}

const newSpot = (line: number): Spot => ({ line, inner: new Map(), headers: 0 });

function inside(spot: Spot, key: string | number, line: number): Spot {
  const known = spot.inner.get(key);
  if (known) return known;
  const made = newSpot(line);
  spot.inner.set(key, made);
  return made;
}

const unescaped = (quoted: string): string => String(parse(`key = ${quoted}`).key);
