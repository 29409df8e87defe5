import type { ServiceDefinition } from "./definition.ts";
import { serviceTable } from "./keys/service.ts";
import { isTable } from "./kinds/collections.ts";
import type { Written, WrittenTable } from "./kinds/kind.ts";

const maxLineLength = 100;

/** TOML that `parseDefinition` turns into the same definition: keys in the order of the reference. */
export function printDefinition(definition: ServiceDefinition): string {
  return `${printTable(serviceTable.write(definition), []).join("\n").trim()}\n`;
}

/** The lines of a table: its values first, since what follows a `[header]` belongs to that. */
function printTable(table: WrittenTable, path: readonly string[]): string[] {
  const values: string[] = [];
  const below: string[] = [];
  for (const [key, value] of Object.entries(table)) {
    const inner = [...path, printKey(key)];
    const name = inner.join(".");
    if (isTableList(value))
      for (const each of value) below.push("", `[[${name}]]`, ...printTable(each, inner));
    else if (!isWrittenTable(value)) values.push(`${printKey(key)} = ${printValue(value)}`);
    else if (needsHeader(value)) below.push("", `[${name}]`, ...printTable(value, inner));
    else below.push(...printTable(value, inner));
  }
  return [...values, ...below];
}

/** A table of nothing but tables is there by their headers. */
function needsHeader(table: WrittenTable): boolean {
  const values = Object.values(table);
  return values.length === 0 || !values.every((value) => isWrittenTable(value));
}

function printValue(value: Written): string {
  if (typeof value === "string") return printString(value);
  if (!Array.isArray(value)) return String(value);
  const elements = (value as readonly Written[]).map(printValue);
  const line = `[${elements.join(", ")}]`;
  return line.length <= maxLineLength ? line : `[\n${elements.map((element) => `  ${element},\n`).join("")}]`;
}

/** Escapes what TOML does not allow as it is, and U+FFFD, which in a file means that it is not text. */
function printString(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f\ufffd]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const printKey = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : printString(key));

const isWrittenTable = (value: Written): value is WrittenTable => isTable(value);
const isTableList = (value: Written): value is readonly WrittenTable[] =>
  Array.isArray(value) && value.length > 0 && value.every(isTable);
