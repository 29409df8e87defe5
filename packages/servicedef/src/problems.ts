import { type Mistake, Problem } from "@mcp/base";
import { quoted } from "./quoted.ts";

interface Invalid {
  /** A file, or another name for the definition. */
  readonly what: string;
  readonly mistakes: readonly Mistake[];
  /** Whether more were found than are listed. */
  readonly hasMore?: boolean;
  readonly hint?: string;
}

const usualHint = "correct what is listed and run the command again; docs/definition.md explains every key";

export function invalid({ what, mistakes, hasMore = false, hint = usualHint }: Invalid): Problem {
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  const message = `${what} has ${hasMore ? "more than " : ""}${count}`;
  return new Problem("definition_invalid", message, hint, { mistakes });
}

/** A file's name as it is, if it is harmless to show. */
export const shownFile = (file: string): string => (/^[!-~]+$/.test(file) ? file : quoted(file));
