import { type Mistake, nearest, Problem } from "@mcp/base";
import { parseAddress } from "@mcp/client/address";
import { parse, TomlError } from "smol-toml";
import { inFile } from "../failure/context.ts";
import type { WrittenConfig } from "./mcp-config.ts";

type Kind = "text" | "list";
/** Each section's keys; `nodes` is a list of its section. */
const sections: Readonly<Record<keyof WrittenConfig, Readonly<Record<string, Kind>>>> = {
  services: { dir: "text" },
  mcias: { server_url: "text", ca_cert: "text", service_name: "text", tags: "list" },
  auth: { token_path: "text" },
  build: { workspace: "text" },
  images: { registry: "text" },
  nodes: { name: "text", address: "text" },
};

const nodeName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Read the text of an `mcp.toml`.
 * @throws Problem `config_invalid`, with every mistake at once.
 */
export function parseConfig(text: string, file: string): WrittenConfig {
  const mistakes: Mistake[] = [];
  const say = (key: string, message: string) => {
    const line = lineOf(text, key);
    mistakes.push({ key, message, ...(line !== undefined && { line }) });
  };
  const written = readTOML(text, file);
  for (const [name, value] of Object.entries(written)) {
    const keys = Object.hasOwn(sections, name) ? sections[name as keyof WrittenConfig] : undefined;
    if (!keys) say(name, `there is no such key${meant(name, Object.keys(sections))}`);
    else if (name === "nodes") checkNodes(value, say);
    else checkSection(name, value, keys, say);
  }
  if (mistakes.length === 0) return written as WrittenConfig;
  throw invalid(file, mistakes);
}

type Say = (key: string, message: string) => void;
type Table = Readonly<Record<string, unknown>>;

function checkSection(name: string, value: unknown, keys: Readonly<Record<string, Kind>>, say: Say): void {
  if (!isTable(value)) {
    say(name, `must be a section: [${name}]`);
    return;
  }
  for (const [key, content] of Object.entries(value)) {
    const kind = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (!kind) say(`${name}.${key}`, `there is no such key${meant(key, Object.keys(keys))}`);
    else if (kind === "text" && typeof content !== "string") say(`${name}.${key}`, "must be text, in quotes");
    else if (kind === "list" && !isTextList(content)) say(`${name}.${key}`, "must be a list of texts");
  }
}

function checkNodes(value: unknown, say: Say): void {
  if (!Array.isArray(value) || !value.every(isTable)) {
    say("nodes", "must be a list of sections: [[nodes]] with name and address");
    return;
  }
  const seen = new Set<string>();
  value.forEach((node: Table, index) => {
    const at = `nodes[${index}]`;
    checkSection(at, node, sections.nodes, say);
    const { name, address } = node;
    if (name === undefined) say(at, "has no name");
    else if (typeof name === "string" && !nodeName.test(name))
      say(`${at}.name`, "has other than lower-case letters, digits and hyphens");
    else if (typeof name === "string" && seen.has(name)) say(`${at}.name`, `there is another node ${name}`);
    if (typeof name === "string") seen.add(name);
    if (address === undefined) say(at, 'has no address, such as "unix:/run/mcp/agent.sock"');
    else if (typeof address === "string") checkAddress(`${at}.address`, address, say);
  });
}

function checkAddress(key: string, address: string, say: Say): void {
  try {
    parseAddress(address);
  } catch (error) {
    say(key, `${(error as Problem).message}; ${(error as Problem).hint}`);
  }
}

function readTOML(text: string, file: string): Table {
  try {
    return parse(text, { maxDepth: 16 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [said = ""] = error.message.split("\n");
    const message = `the file is not valid TOML: ${said.replace("Invalid TOML document: ", "")}`;
    throw invalid(file, [{ key: "", line: error.line, message }]);
  }
}

function invalid(file: string, mistakes: readonly Mistake[]): Problem {
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  return inFile(
    new Problem("config_invalid", `${file} has ${count}`, "correct what is listed", { mistakes }),
    file,
  );
}

const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string");

function meant(typed: string, known: readonly string[]): string {
  const near = nearest(typed, known);
  return near === undefined ? `; there are ${known.join(", ")}` : `; did you mean ${near}?`;
}

/** The line of a key such as `nodes[1].address`, where sections are written as sections; undefined where they are not. */
function lineOf(text: string, key: string): number | undefined {
  const [, section = "", index, name] = /^([^[.]+)(?:\[(\d+)\])?(?:\.(.+))?$/.exec(key) ?? [];
  const header = index === undefined ? `[${section}]` : `[[${section}]]`;
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").replaceAll(/\s/g, ""));
  let toSkip = Number(index ?? 0);
  const start = lines.findIndex((line) => line === header && toSkip-- === 0);
  if (start === -1) return name === undefined ? firstWith(lines, section, 0) : undefined;
  return name === undefined ? start + 1 : firstWith(lines, name, start + 1);
}

function firstWith(lines: readonly string[], name: string, from: number): number | undefined {
  for (let index = from; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line.startsWith(`${name}=`) || line.startsWith(`"${name}"=`)) return index + 1;
    if (from > 0 && line.startsWith("[")) return undefined;
  }
  return undefined;
}
