import { readFile } from "node:fs/promises";
import { asProblem, Problem } from "@mcp/base";
import type { Registry } from "@mcp/registry";
import { definitionToJSON, parseDefinition } from "@mcp/servicedef";
import { type RevisionContent, readContent } from "../revision/content.ts";

/** A definition of the agent's config, as it is now: the file may be mended while the boot waits for it. */
export type BootDefinition =
  | {
      readonly file: string;
      readonly service: string;
      readonly toml: string;
      /** `definitionToJSON` of `@mcp/servicedef`. */
      readonly definition: unknown;
    }
  | { readonly file: string; readonly service: undefined; readonly problem: Problem };

export const readDefinitions = (files: readonly string[]): Promise<BootDefinition[]> =>
  Promise.all(files.map(readOne));

async function readOne(file: string): Promise<BootDefinition> {
  try {
    const toml = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
      throw new Problem(
        "file_not_found",
        `${file} cannot be read (${cause.code})`,
        `look at: ls -l ${file}`,
        {
          cause,
        },
      );
    });
    const parsed = parseDefinition(toml, { file });
    return { file, service: parsed.name, toml, definition: definitionToJSON(parsed) };
  } catch (thrown) {
    return { file, service: undefined, problem: asProblem(thrown) };
  }
}

/** How a node and its registry stand to a service that a stage names. */
export async function standingOf(
  service: string,
  registry: Registry,
): Promise<"known" | "undeployed" | "unknown"> {
  if (await registry.service(service)) return "known";
  const revisions = await registry.revisions(service);
  return revisions.some(({ state }) => state === "current" || state === "earlier") ? "undeployed" : "unknown";
}

/** Whether what was accepted last is what this definition says; tags are not asked about. */
export async function isAsDefined(
  { definition }: { readonly definition: unknown },
  service: string,
  registry: Registry,
): Promise<boolean> {
  const record = await registry.service(service);
  if (record?.currentRevision === undefined) return true;
  const revision = await registry.revision(service, record.currentRevision);
  return revision === undefined || isMadeFrom(readContent(revision.content), definition);
}

const isMadeFrom = ({ sources }: RevisionContent, definition: unknown): boolean =>
  sources.every((source) => inOrder(source.definition) === inOrder(definition));

/** Keys in order, so that the order in which somebody wrote them is no difference. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
