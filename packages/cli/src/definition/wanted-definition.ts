import { isProblem, nearest, Problem } from "@mcp/base";
import type { DefinitionJson } from "@mcp/client";
import type { McpConfig } from "../config/mcp-config.ts";
import { inFile } from "../failure/context.ts";
import { type DefinitionFile, definitionFileOf, noDefinition, readDefinition } from "./read-definition.ts";
import { parseTarget, printTarget, type Target } from "./target.ts";

/** A definition that was read and checked, ready to be sent. */
export interface WantedDefinition {
  readonly target: Target;
  readonly node?: string;
  readonly componentCount: number;
  readonly isInactive: boolean;
  readonly definition: Required<DefinitionJson>;
}

export interface Asked {
  /** `deploy` or `plan`. */
  readonly command: string;
  /** `<service>[/<component>]`; may be left out where a file is named. */
  readonly target?: string | undefined;
  readonly file?: string | undefined;
}

/**
 * Find and check the definition that a command is about.
 * @throws Problem `usage`, `file_not_found`, `definition_invalid` with every mistake, `config_invalid`, and those of
 *   `readDefinition`; `component_not_found`.
 */
export async function wantedDefinition(config: McpConfig, asked: Asked): Promise<WantedDefinition> {
  const target = asked.target === undefined ? undefined : parseTarget(asked.target);
  const { file, text } = read(config, asked, target);
  const shown = file === "-" ? "stdin" : file;
  // Loaded here: most commands need no definition.
  const { currentConventions, parseDefinition } = await import("@mcp/servicedef");
  currentConventions(config.imageRegistry);
  const { name, node, active, components } = located(() => parseDefinition(text, { file: shown }), shown);
  if (target && target.service !== name) throw otherName(asked, target, name, shown);
  if (target?.component !== undefined) {
    const names = components.map((one) => one.name);
    if (!names.includes(target.component)) throw noComponent(target.component, names, shown);
  }
  return {
    target: target ?? { service: name },
    ...(node !== undefined && { node }),
    componentCount: components.length,
    isInactive: active === false,
    definition: { toml: text, file: shown, imageRegistry: config.imageRegistry ?? "" },
  };
}

/** What to type again: `deploy hello`, or `deploy --file hello.toml`. */
export const asTyped = ({ command, file }: Asked, target: Target): string =>
  file === undefined ? `${command} ${printTarget(target)}` : `${command} --file ${file}`;

function read(config: McpConfig, asked: Asked, target: Target | undefined): DefinitionFile {
  if (asked.file !== undefined) return readDefinition(asked.file);
  if (!target)
    throw new Problem(
      "usage",
      `nothing was named to ${asked.command}`,
      `name a service or its file: mcp ${asked.command} hello, or: mcp ${asked.command} --file hello.toml`,
    );
  const file = definitionFileOf(target.service, config.servicesDir);
  try {
    return readDefinition(file);
  } catch (thrown) {
    if (isProblem(thrown) && thrown.code === "file_not_found")
      throw noDefinition(target.service, file, asked.command);
    throw thrown;
  }
}

/** What the agent finds wrong with a definition is in its file too, as what is found here. */
export async function sent<T>({ file }: { readonly file: string }, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    throw isProblem(thrown) && thrown.mistakes.length > 0 ? inFile(thrown, file) : thrown;
  }
}

function located<T>(work: () => T, file: string): T {
  try {
    return work();
  } catch (thrown) {
    throw isProblem(thrown) ? inFile(thrown, file) : thrown;
  }
}

function otherName(
  { command, file }: Asked,
  { service, component }: Target,
  found: string,
  shown: string,
): Problem {
  const meant = component === undefined ? "" : ` ${found}/${component}`;
  return new Problem(
    "definition_invalid",
    `${shown} defines ${found}, and you asked for ${service}`,
    file === undefined
      ? `rename one of the two: the file to ${found}.toml, or the service with name = "${service}"`
      : `leave ${service} out: mcp ${command}${meant} --file ${file}, or correct name = "${found}" in the file`,
  );
}

function noComponent(component: string, names: readonly string[], shown: string): Problem {
  const near = nearest(component, names);
  return new Problem(
    "component_not_found",
    `there is no component ${component} in ${shown}`,
    `${near === undefined ? "" : `did you mean ${near}? `}it has: ${names.join(", ")}`,
  );
}
