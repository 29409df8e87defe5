import { type ProblemCode, problemCodes } from "./problem-codes.ts";

const brand = Symbol.for("mcp.problem");

/** One of several mistakes that a single `Problem` reports together, such as those of a definition. */
export interface Mistake {
  /** Where: a key path such as `components[1].ports[0]`, or empty for the whole. */
  readonly key: string;
  /** 1-based; absent where no line can be named. */
  readonly line?: number;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

export interface ProblemOptions {
  readonly cause?: unknown;
  readonly mistakes?: readonly Mistake[];
}

/**
 * The one kind of failure that users see: a code, what happened, and what to type next.
 * Anything else that is thrown is a bug.
 *
 * @example throw new Problem("port_taken", "host port 80 is already held by web", "free it with: mcp stop web");
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  /** What the reader can do about it, as a command where there is one. */
  readonly hint: string;
  readonly mistakes: readonly Mistake[];

  constructor(code: ProblemCode, message: string, hint: string, options: ProblemOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Problem";
    this.code = code;
    this.hint = hint;
    this.mistakes = options.mistakes ?? [];
    Object.defineProperty(this, brand, { value: true });
  }

  /** The value for `--json`, for logs and for the registry; `problemFromJSON` reads it. */
  toJSON(): ProblemJSON {
    return {
      code: this.code,
      message: this.message,
      hint: this.hint,
      ...(this.mistakes.length > 0 && { mistakes: this.mistakes }),
    };
  }
}

export interface ProblemJSON {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly mistakes?: readonly Mistake[];
}

/** By brand and not `instanceof`: packages and plugins bring their own copies of this class. */
export function isProblem(thrown: unknown): thrown is Problem {
  return typeof thrown === "object" && thrown !== null && brand in thrown;
}

/** Anything thrown, as a `Problem`: a bug becomes `internal`, with the original as its cause. */
export function asProblem(thrown: unknown): Problem {
  if (isProblem(thrown)) return thrown;
  return new Problem(
    "internal",
    "something went wrong inside mcp; this is a bug",
    "see the log for its cause",
    {
      cause: thrown,
    },
  );
}

export function problemFromJSON(json: ProblemJSON): Problem {
  const options = json.mistakes ? { mistakes: json.mistakes } : {};
  if (isProblemCode(json.code)) return new Problem(json.code, json.message, json.hint, options);
  // From a newer peer: keep its words, since the code means nothing here.
  return new Problem("internal", `${json.message} (${json.code})`, json.hint, options);
}

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemCodes, code);
}
