import { nearest } from "@mcp/base";
import type { Place } from "../place.ts";
import { quoted } from "../quoted.ts";
import type { Kind, Schema } from "./kind.ts";

interface TextOptions<T> {
  readonly says: string;
  readonly schema?: Schema;
  /** The value, or `at.wrong(…)`. */
  readonly parse: (text: string, at: Place) => T | undefined;
  readonly print: (value: T) => string;
}

/** Anything that is written as a string. NUL is refused for all of them: no program can be given one. */
export function text<T>({ says, schema, parse, print }: TextOptions<T>): Kind<T> {
  return {
    says,
    schema: { type: "string", ...schema },
    read(written, at) {
      if (typeof written !== "string")
        return at.wrong(`must be a string in quotes, not ${nameOfType(written)}`);
      if (written.includes("\0")) return at.wrong("has a NUL character in it");
      if (!written.isWellFormed()) return at.wrong("is not valid Unicode");
      return parse(written, at);
    },
    write: print,
  };
}

/** A string that is kept as it is once `check` finds nothing wrong with it. */
export function plainText(
  says: string,
  check: (text: string) => string | undefined,
  schema: Schema = {},
): Kind<string> {
  const parse = (written: string, at: Place) => {
    const mistake = check(written);
    return mistake === undefined ? written : at.wrong(mistake);
  };
  return text({ says, schema, parse, print: (value) => value });
}

export const boolean: Kind<boolean> = {
  says: "boolean",
  schema: { type: "boolean" },
  read: (written, at) =>
    typeof written === "boolean" ? written : at.wrong(`must be true or false, not ${nameOfType(written)}`),
  write: (value) => value,
};

/** One of a few words. */
export function oneOf<const W extends string>(words: readonly W[]): Kind<W> {
  const list = words.map((word) => `"${word}"`).join(", ");
  return text({
    says: words.map((word) => `\`${word}\``).join(", "),
    schema: { enum: words },
    parse(written, at) {
      const word = words.find((candidate) => candidate === written);
      if (word !== undefined) return word;
      const meant = nearest(written.slice(0, 100), words);
      const suggestion = meant === undefined ? "" : `; did you mean "${meant}"?`;
      return at.wrong(`${quoted(written)} is not one of ${list}${suggestion}`);
    },
    print: (word) => word,
  });
}

interface NumberOptions {
  readonly says: string;
  readonly min: number;
  readonly max: number;
  /** Appended to what is said of a value that is no number. */
  readonly hint?: string;
}

export function integer({ says, min, max, hint }: NumberOptions): Kind<number> {
  return {
    says,
    schema: { type: "integer", minimum: min, maximum: max },
    read: (written, at) =>
      Number.isInteger(written) && inRange(written, min, max)
        ? written
        : at.wrong(`must be a whole number from ${min} to ${max}${not(written)}${hint ? `; ${hint}` : ""}`),
    write: (value) => value,
  };
}

export function decimal({ says, min, max }: NumberOptions): Kind<number> {
  return {
    says,
    schema: { type: "number", minimum: min, maximum: max },
    read: (written, at) =>
      inRange(written, min, max)
        ? written
        : at.wrong(`must be a number from ${min} to ${max}${not(written)}`),
    write: (value) => value,
  };
}

const inRange = (written: unknown, min: number, max: number): written is number =>
  typeof written === "number" && written >= min && written <= max;

const not = (written: unknown): string =>
  typeof written === "number" ? `, not ${written}` : `, not ${nameOfType(written)}`;

/** What a value is, without showing it: it may be a secret in the wrong place. */
export function nameOfType(written: unknown): string {
  if (Array.isArray(written)) return "a list";
  if (written instanceof Date) return "a date or time";
  if (typeof written === "object" && written !== null) return "a table";
  return (
    { string: "a string", number: "a number", boolean: "a boolean" }[typeof written as string] ?? "nothing"
  );
}
