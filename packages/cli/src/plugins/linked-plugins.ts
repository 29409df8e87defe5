import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "@mcp/base";
import { homeOf } from "../home.ts";

export interface LinkedPlugin {
  readonly name: string;
  /** Its folder, absolute. */
  readonly root: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where oclif keeps what users added to a program: `~/.local/share/mcp`. */
export const dataDirOf = (env: Environment): string =>
  env.MCP_DATA_DIR || join(env.XDG_DATA_HOME || join(homeOf(env), ".local/share"), "mcp");

const fileIn = (dataDir: string): string => join(dataDir, "package.json");

/**
 * The plugins that were linked, in oclif's own format, so that they stay linked if its plugin for plugins is used one day.
 * @throws Problem `config_invalid` if the file cannot be understood.
 */
export function readLinkedPlugins(dataDir: string): LinkedPlugin[] {
  const file = fileIn(dataDir);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
  const plugins = entriesOf(parse(text, file));
  return plugins.flatMap(({ type, name, root }) =>
    type === "link" && typeof name === "string" && typeof root === "string" ? [{ name, root }] : [],
  );
}

/** Add one, or replace the one of the same name. */
export function linkPlugin(dataDir: string, plugin: LinkedPlugin): void {
  change(dataDir, (entries) => [
    ...entries.filter(({ name }) => name !== plugin.name),
    { type: "link", name: plugin.name, root: plugin.root },
  ]);
}

export function unlinkPlugin(dataDir: string, plugin: string): void {
  change(dataDir, (entries) => entries.filter(({ name }) => name !== plugin));
}

type Entry = Readonly<Record<string, unknown>>;

function change(dataDir: string, edit: (entries: readonly Entry[]) => Entry[]): void {
  const file = fileIn(dataDir);
  let written: Entry = {};
  try {
    written = parse(readFileSync(file, "utf8"), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const oclif = { schema: 1, ...(written.oclif as object), plugins: edit(entriesOf(written)) };
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Beside it and then renamed: every start of mcp reads this file.
  const beside = `${file}.${process.pid}.tmp`;
  writeFileSync(beside, `${JSON.stringify({ private: true, ...written, oclif }, null, 2)}\n`, {
    mode: 0o600,
    flag: "wx",
  });
  renameSync(beside, file);
}

function entriesOf(written: Entry): Entry[] {
  const plugins = (written.oclif as { plugins?: unknown } | undefined)?.plugins;
  return Array.isArray(plugins) ? plugins.filter((entry) => typeof entry === "object" && entry !== null) : [];
}

function parse(text: string, file: string): Entry {
  try {
    const written: unknown = JSON.parse(text);
    if (typeof written === "object" && written !== null) return written as Entry;
  } catch {
    // Told below.
  }
  throw new Problem("config_invalid", `${file}, the list of plugins, is damaged`, `start afresh: rm ${file}`);
}
