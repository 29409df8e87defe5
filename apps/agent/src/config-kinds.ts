import { longestSocketPath, parseDuration } from "@mcp/base";

/** What a key's value may be: its name for people, and how to read it. A string returned by `read` says what would be right. */
export interface ValueKind<T> {
  readonly name: string;
  /** From TOML: `value` is what the parser made of it. Throws `WrongValue`. */
  readonly read: (value: unknown) => T;
  /** Where it matters that nobody gave the value: how the key's default is read. Absent: as any other. */
  readonly readDefault?: (value: unknown) => T;
  /** From the environment, where everything is text. */
  readonly fromText: (text: string) => unknown;
}

/** Says what would be right; caught where the key's name and line are known. */
export class WrongValue extends Error {}

/** What is wrong in one of a key's tables. */
export interface WrongPart {
  /** Of the table, from 0. */
  readonly index: number;
  readonly key: string;
  readonly message: string;
}

/** Several mistakes in the tables of one key. */
export class WrongParts extends WrongValue {
  readonly parts: readonly WrongPart[];

  constructor(parts: readonly WrongPart[]) {
    super(parts.map(({ key, message }) => `${key} ${message}`).join("; "));
    this.parts = parts;
  }
}

const asIs = (text: string): string => text;

export const text: ValueKind<string> = {
  name: "text",
  read: (value) => {
    if (typeof value !== "string") throw new WrongValue("must be a text in quotes");
    return value;
  },
  fromText: asIs,
};

export const filled: ValueKind<string> = {
  name: "text",
  read: (value) => {
    if (text.read(value).trim() === "") throw new WrongValue("must not be empty");
    return text.read(value);
  },
  fromText: asIs,
};

export const path: ValueKind<string> = {
  name: "path",
  read: (value) => {
    if (!filled.read(value).startsWith("/"))
      throw new WrongValue("must be an absolute path, such as /srv/mcp");
    return text.read(value);
  },
  fromText: asIs,
};

export const optionalPath: ValueKind<string> = {
  name: "path",
  read: (value) => (text.read(value) === "" ? "" : path.read(value)),
  fromText: asIs,
};

export const socketPath: ValueKind<string> = {
  name: "path",
  read: (value) => {
    const bytes = Buffer.byteLength(path.read(value));
    if (bytes > longestSocketPath) {
      throw new WrongValue(`is ${bytes} bytes long; a socket's path may have at most ${longestSocketPath}`);
    }
    return text.read(value);
  },
  fromText: asIs,
};

export const boolean: ValueKind<boolean> = {
  name: "boolean",
  read: (value) => {
    if (typeof value !== "boolean") throw new WrongValue("must be true or false");
    return value;
  },
  fromText: (given) => (given === "true" ? true : given === "false" ? false : given),
};

export const duration: ValueKind<number> = {
  name: "duration",
  read: (value) => {
    const ms = typeof value === "string" ? parseDuration(value) : undefined;
    if (ms === undefined) throw new WrongValue('must be a duration, such as "30s" or "1m30s"');
    if (ms === 0) throw new WrongValue('must be longer than 0, such as "30s" or "1m30s"');
    return ms;
  },
  fromText: asIs,
};

export const listOf = <T>(name: string, item: (value: unknown) => T): ValueKind<readonly T[]> => ({
  name,
  read: (value) => {
    if (!Array.isArray(value)) throw new WrongValue("must be a list, in square brackets");
    return value.map(item);
  },
  fromText: (given) =>
    given
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
});

export const wholeNumber = (least: number, most: number): ValueKind<number> => ({
  name: "number",
  read: (value) => {
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
      throw new WrongValue(`must be a whole number from ${least} to ${most}`);
    return value as number;
  },
  fromText: (given) => (/^\d{1,9}$/.test(given) ? Number(given) : given),
});

export const optionalUrl: ValueKind<string> = {
  name: "http or https URL",
  read: (value) => {
    if (text.read(value) === "") return "";
    const url = URL.parse(text.read(value));
    if (!url || !/^https?:$/.test(url.protocol))
      throw new WrongValue("must be a URL, such as https://example.org/alerts");
    if (url.username !== "" || url.password !== "")
      throw new WrongValue(
        "must not hold a user or a password: put a token into a file, see webhook_token_file",
      );
    return url.href;
  },
  fromText: asIs,
};

export function readAddress(value: unknown): string {
  if (!/^[^\s@<>(),;:"\\]+@[^\s@<>(),;:"\\]+$/.test(text.read(value)))
    throw new WrongValue('must be an address, such as "mcp@example.org"');
  return text.read(value);
}

export const optionalAddress: ValueKind<string> = {
  name: "mail address",
  read: (value) => (text.read(value) === "" ? "" : readAddress(value)),
  fromText: asIs,
};

export const argv: ValueKind<readonly string[]> = {
  ...listOf("list: program and arguments", text.read),
  read: (value) => {
    const words = listOf("", text.read).read(value);
    if (words[0]?.trim() === "") throw new WrongValue("must begin with a program");
    if (words.some((word) => word.includes("\0"))) throw new WrongValue("must not hold a NUL");
    return words;
  },
};

export const oneOf = <const W extends string>(...words: readonly W[]): ValueKind<W> => ({
  name: words.map((word) => `\`${word}\``).join(", "),
  read: (value) => {
    const word = words.find((known) => known === value);
    if (word === undefined) throw new WrongValue(`must be one of ${words.join(", ")}`);
    return word;
  },
  fromText: asIs,
});

export function readUlimit(value: unknown): string {
  const [limit, soft, hard = soft] = /^[a-z]+=(\d{1,10})(?::(\d{1,10}))?$/.exec(text.read(value)) ?? [];
  if (limit === undefined || Number(hard) < Number(soft)) {
    throw new WrongValue('must be limits such as "nofile=1024:20000" (name=soft:hard)');
  }
  return limit;
}
