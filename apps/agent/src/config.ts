import { readFile } from "node:fs/promises";
import { type Mistake, nearest, Problem } from "@mcp/base";
import { parse, TomlError } from "smol-toml";
import { alertMistakes } from "./config-alerts.ts";
import {
  type AgentConfig,
  type ConfigKey,
  type ConfigKeyName,
  configKeys,
  environmentName,
  WrongValue,
} from "./config-keys.ts";
import { type WrongPart, WrongParts } from "./config-kinds.ts";
import { lineInTable, lineOfKey } from "./config-lines.ts";

export type { AgentConfig } from "./config-keys.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const manual = "the keys are described in docs/agent-config.md";

/**
 * The agent's config from its file and the environment, which wins.
 *
 * @throws Problem `file_not_found`, `permission_denied`; and as `parseConfig` does.
 */
export async function loadConfig(file: string, environment: Environment): Promise<AgentConfig> {
  return parseConfig(await readConfig(file), file, environment);
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "EACCES") {
      throw new Problem("permission_denied", `${file} may not be read`, `look at: ls -l ${file}`, { cause });
    }
    const hint = "name the agent's config with --config FILE";
    throw new Problem("file_not_found", `there is no config at ${file}`, hint, { cause });
  }
}

/**
 * Pure. Every mistake is reported at once.
 *
 * @param file  only for what is said of mistakes.
 * @throws Problem `config_invalid` with its mistakes; `not_yet_supported` for a correct config that asks for TLS.
 */
export function parseConfig(text: string, file: string, environment: Environment): AgentConfig {
  const mistakes: Mistake[] = [];
  const written = flatten(parseToml(text, file), mistakes, text);
  const overridden = fromEnvironment(environment, mistakes);
  const config: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(configKeys) as [ConfigKeyName, ConfigKey<unknown>][]) {
    const variable = environmentName(name);
    const inEnvironment = overridden.has(name);
    const isGiven = inEnvironment || written.has(name);
    const value = inEnvironment ? overridden.get(name) : isGiven ? written.get(name) : key.default;
    if (value === undefined) {
      mistakes.push({ key: name, message: `is required: set it in ${file}, or as ${variable}` });
      continue;
    }
    try {
      config[name] = (isGiven ? key.kind.read : (key.kind.readDefault ?? key.kind.read))(value);
    } catch (wrong) {
      if (!(wrong instanceof WrongValue)) throw wrong;
      if (inEnvironment) mistakes.push({ key: variable, message: wrong.message });
      else if (wrong instanceof WrongParts)
        mistakes.push(...wrong.parts.map((part) => inTable(text, name, part)));
      else mistakes.push(at(text, name, wrong.message));
    }
  }
  if (mistakes.length > 0) throw invalid(file, mistakes);
  const complete = config as AgentConfig;
  const contradictions = alertMistakes(complete).map(({ key, message }) => at(text, key, message));
  if (contradictions.length > 0) throw invalid(file, contradictions);
  refuseTls(complete);
  return complete;
}

function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [what = ""] = cause.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw invalid(file, [{ key: "", line: cause.line, message: `this is not TOML: ${what}` }], cause);
  }
}

/** Nested tables as dotted names, such as `vm.nanos.ops`; unknown names become mistakes. */
function flatten(table: Record<string, unknown>, mistakes: Mistake[], text: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const walk = (values: Record<string, unknown>, prefix: string) => {
    for (const [word, value] of Object.entries(values)) {
      const name = prefix + word;
      if (Object.hasOwn(configKeys, name)) found.set(name, value);
      else if (isTable(value) && isSection(name)) walk(value, `${name}.`);
      else mistakes.push(at(text, name, unknownKey(name, Object.keys(configKeys))));
    }
  };
  walk(table, "");
  return found;
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

const isSection = (name: string): boolean =>
  Object.keys(configKeys).some((known) => known.startsWith(`${name}.`));

function fromEnvironment(environment: Environment, mistakes: Mistake[]): Map<string, unknown> {
  const names = new Map(Object.keys(configKeys).map((name) => [environmentName(name), name]));
  const found = new Map<string, unknown>();
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith("MCP_AGENT_") || value === undefined) continue;
    const name = names.get(variable) as ConfigKeyName | undefined;
    if (name && (configKeys[name] as ConfigKey<unknown>).isFileOnly)
      mistakes.push({ key: variable, message: `is no variable: ${name} can be set in the file only` });
    else if (name) found.set(name, configKeys[name].kind.fromText(value));
    else mistakes.push({ key: variable, message: unknownKey(variable, names.keys()) });
  }
  return found;
}

function unknownKey(name: string, known: Iterable<string>): string {
  const meant = nearest(name, known);
  return `is not a key of this config${meant ? `; did you mean ${meant}?` : ""}`;
}

function at(text: string, name: string, message: string): Mistake {
  const line = lineOfKey(text, name);
  return { key: name, ...(line !== undefined && { line }), message };
}

/** Counted from 1, as people do. */
function inTable(text: string, name: string, { index, key, message }: WrongPart): Mistake {
  const line = lineInTable(text, name, index, key) ?? lineOfKey(text, name);
  return { key: `${name} ${index + 1}: ${key}`, ...(line !== undefined && { line }), message };
}

function invalid(file: string, mistakes: readonly Mistake[], cause?: unknown): Problem {
  const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
  return new Problem("config_invalid", `${file} has ${count}`, manual, { mistakes, cause });
}

function refuseTls(config: AgentConfig): void {
  const asked = (["server.grpc_addr", "server.tls_cert", "server.tls_key"] as const).filter((k) => config[k]);
  if (asked.length === 0) return;
  throw new Problem(
    "not_yet_supported",
    `this agent listens on its unix socket only: TLS (${asked.join(", ")}) is not built yet`,
    `take ${asked.join(", ")} out of the config`,
  );
}
