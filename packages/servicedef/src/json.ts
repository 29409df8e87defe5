import { Problem } from "@mcp/base";
import type { ServiceDefinition } from "./definition.ts";
import { serviceTable } from "./keys/service.ts";
import { isTable } from "./kinds/collections.ts";
import type { WrittenTable } from "./kinds/kind.ts";
import { readDefinition } from "./parse.ts";
import { MistakeList } from "./place.ts";
import { invalid } from "./problems.ts";
import { quoted } from "./quoted.ts";

const version = 1;
const hint =
  "a later mcp stored it, or it is damaged: use that version, or deploy the service again from its file";

/** A definition as versioned JSON, to be stored: `{ v: 1, … }` with the keys and values of its TOML. */
export function definitionToJSON(definition: ServiceDefinition): WrittenTable {
  return { v: version, ...serviceTable.write(definition) };
}

/**
 * The definition that `definitionToJSON` wrote, checked like a file.
 *
 * @throws Problem `database_newer` if a later version of mcp wrote it; `definition_invalid` if it is damaged.
 */
export function definitionFromJSON(json: unknown): ServiceDefinition {
  const { v, ...written }: Record<string, unknown> = isTable(json) ? json : {};
  const name = typeof written.name === "string" ? quoted(written.name) : "of a service";
  const what = `the stored definition ${name}`;
  if (typeof v === "number" && v > version)
    throw new Problem(
      "database_newer",
      `${what} has version ${v}, and this mcp reads up to ${version}`,
      "use the version of mcp that stored it, or a later one",
    );
  if (v !== version) throw invalid({ what, mistakes: [{ key: "v", message: `must be ${version}` }], hint });
  const mistakes = new MistakeList();
  const definition = readDefinition(written, mistakes);
  if (definition) return definition;
  const found = mistakes.found.map(({ key, message }) => ({ key, message }));
  throw invalid({ what, mistakes: found, hasMore: mistakes.hasMore, hint });
}
