import { serviceTable } from "./keys/service.ts";
import type { InnerKeys, Key } from "./kinds/kind.ts";

/** A whole definition, shown at the top of the reference. */
export const exampleDefinition = `\
name = "hello"

[[components]]
name       = "web"
image      = "docker.io/library/nginx:1.29"
ports      = ["8080:80"]
env        = { CACHE = "hello-cache:6379" }
depends_on = ["cache"]

[[components]]
name    = "cache"
image   = "docker.io/library/redis:8.2"
memory  = 128
restart = "always"
`;

/** The reference page of definitions, in Markdown: every key with its type, what holds without it, and an example. */
export function definitionReference(): string {
  const parts = [
    "# Service definitions",
    "<!-- Made from the table in packages/servicedef/src/keys: change it there. -->",
    "A definition is a TOML file that says what a service is made of. `mcp deploy` makes its node match it.",
    `\`\`\`toml\n${exampleDefinition}\`\`\``,
    "A key that is not listed here is a mistake. A definition has at most 1 MiB of UTF-8. Memory is in MiB. An editor can check a definition against [its JSON Schema](definition.schema.json).",
    "_New instance_ marks keys that change what runs: when one is changed, the next deploy starts a new instance of the component. All others only change what mcp does with the one that runs.",
    "**Not built yet** marks keys that are read and checked, and that this version does not act upon; what it does with them is said there.",
    ...sectionsOf("The service", "", serviceTable.inner),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** A section for a table, and one for each table inside it. */
function sectionsOf(title: string, prefix: string, { keys }: InnerKeys): string[] {
  const inner = Object.values(keys).flatMap(({ key, kind }) => {
    if (!kind.inner) return [];
    const name = `${prefix.replaceAll("[]", "")}${key}`;
    const header = kind.inner.repeated ? `[[${name}]]` : `[${name}]`;
    return sectionsOf(`\`${header}\``, `${prefix}${key}${kind.inner.repeated ? "[]" : ""}.`, kind.inner);
  });
  return [`## ${title}`, ...Object.values(keys).flatMap((key) => entryOf(prefix, key)), ...inner];
}

function entryOf(prefix: string, key: Key<unknown>): string[] {
  const facts = [
    `Type: ${key.kind.says}`,
    key.required ? "**Required**" : `Without it: ${withoutIt(key)}`,
    ...(key.runs ? ["_New instance_"] : []),
  ];
  return [
    `### \`${prefix}${key.key}\``,
    key.notYet === undefined ? key.doc : `${key.doc}\n\n**Not built yet:** ${key.notYet}.`,
    `\`\`\`toml\n${key.example}\n\`\`\``,
    facts.map((fact) => `- ${fact}`).join("\n"),
  ];
}

function withoutIt(key: Key<unknown>): string {
  if (key.default === undefined) return key.otherwise ?? "";
  const written = key.kind.write(key.default);
  return typeof written === "object" ? "none" : `\`${String(written)}\``;
}
