import { Problem } from "@mcp/base";
import { parse, TomlError } from "smol-toml";
import type { ServiceDefinition } from "./definition.ts";
import { serviceTable } from "./keys/service.ts";
import { locate } from "./locate.ts";
import { MistakeList, Place } from "./place.ts";
import { invalid, shownFile } from "./problems.ts";
import { checkRules } from "./rules/rules.ts";

/** Bytes of UTF-8. The longest sensible definition has a hundredth of it. */
export const maxDefinitionBytes = 1024 * 1024;
const maxNesting = 16;

export interface ParseOptions {
  /** What the text came from, for messages. */
  readonly file: string;
}

/**
 * What the operator wrote, checked, as typed data; nothing is filled in (`completeDefinition` does that).
 *
 * @param text  TOML, at most 1 MiB.
 * @throws Problem `definition_invalid` with every mistake at once (at most 100 are listed), each with its key, with its
 *   line where it has one, and with what would be right; `definition_too_large`.
 * @example const hello = parseDefinition(await readFile("hello.toml", "utf8"), { file: "hello.toml" });
 */
export function parseDefinition(text: string, options: ParseOptions): ServiceDefinition {
  const file = shownFile(options.file);
  refuseLarge(text, file);
  const written = parseTOML(text, file);
  const mistakes = new MistakeList();
  const definition = readDefinition(written, mistakes);
  if (definition) return definition;
  const lineOf = locate(text);
  const all = mistakes.found.map(({ path, key, message }) => {
    const line = lineOf(path);
    return { key, message, ...(line !== undefined && { line }) };
  });
  // In the order of the file; what has no line comes first.
  const inOrder = all.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  throw invalid({ what: file, mistakes: inOrder, hasMore: mistakes.hasMore });
}

/** The definition that `written` holds, or undefined with the mistakes in `mistakes`. */
export function readDefinition(written: unknown, mistakes: MistakeList): ServiceDefinition | undefined {
  const root = new Place(mistakes);
  const draft = serviceTable.read(written, root);
  if (draft) checkRules(draft, root);
  // Without a mistake a draft has no holes.
  return mistakes.found.length === 0 ? draft : undefined;
}

function refuseLarge(text: string, file: string): void {
  // No text has fewer bytes than half its length, so the costly count is never of much more than the limit.
  const bytes = text.length > 2 * maxDefinitionBytes ? text.length : new TextEncoder().encode(text).length;
  if (bytes <= maxDefinitionBytes) return;
  throw new Problem(
    "definition_too_large",
    `${file} is ${(bytes / maxDefinitionBytes).toFixed(1)} MiB; a definition is at most 1 MiB`,
    "keep data in files below the service's folder, and mount them with volumes",
  );
}

function parseTOML(text: string, file: string): unknown {
  const odd = /[\0\ufffd]/.exec(text) ?? /\p{Surrogate}/u.exec(text);
  if (odd) {
    const what = odd[0] === "\0" ? "it has a NUL byte in it" : "it is not valid UTF-8";
    throw unreadable(file, `is not a text file: ${what}`, lineAt(text, odd.index));
  }
  if (/^\ufeff?\s*$/.test(text))
    throw unreadable(file, 'is empty; a definition begins with name = "…" and has [[components]]');
  try {
    return parse(text, { maxDepth: maxNesting });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw unreadable(file, syntaxMistake(error, text), error.line);
  }
}

/** What keeps the whole of a file from being read. */
const unreadable = (file: string, message: string, line?: number): Problem =>
  invalid({
    what: file,
    mistakes: [{ key: "", message: `the file ${message}`, ...(line !== undefined && { line }) }],
  });

/** The parser's message without the text it stands in, which may hold a secret. */
function syntaxMistake(error: TomlError, text: string): string {
  const said = (error.message.split("\n")[0] ?? "").replace("Invalid TOML document: ", "");
  if (said.includes("excessively nested")) return `has lists and tables nested more than ${maxNesting} deep`;
  if (said === "unfinished string" || (said.includes("control characters") && isAtEndOfLine(error, text)))
    return "is not valid TOML: a quote is not closed";
  const hint = said === "invalid value" ? "; text needs quotes around it" : "";
  return `is not valid TOML: ${said}${hint}`;
}

const isAtEndOfLine = ({ line, column }: TomlError, text: string): boolean =>
  column > (text.split("\n")[line - 1] ?? "").replace(/\r$/, "").length;

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;
