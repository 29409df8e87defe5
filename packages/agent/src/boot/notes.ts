import type { Registry } from "@mcp/registry";
import { isAsDefined, readDefinitions, standingOf } from "./definitions.ts";
import type { ConfiguredStage } from "./stage.ts";

/** What of the boot sequence's config does not agree with this node, for people: nothing is done about it. */
export async function bootNotes(stages: readonly ConfiguredStage[], registry: Registry): Promise<string[]> {
  const notes = await Promise.all(stages.map((stage) => notesOf(stage, registry)));
  return notes.flat();
}

async function notesOf(stage: ConfiguredStage, registry: Registry): Promise<string[]> {
  const notes: string[] = [];
  const where = `boot stage "${stage.name}"`;
  const definitions = await readDefinitions(stage.definitions);
  for (const definition of definitions) {
    const { file, service } = definition;
    if (service === undefined) notes.push(`${where}: ${definition.problem.message}`);
    else if (!stage.services.includes(service))
      notes.push(`${where}: ${file} defines ${service}, which the stage does not name, and is not used`);
    else if (!(await isAsDefined(definition, service, registry)))
      notes.push(
        `${service} differs from ${file}, which the boot sequence names: what is deployed counts; ` +
          `bring both together with: mcp deploy --file ${file}`,
      );
  }
  for (const service of stage.services) {
    const standing = await standingOf(service, registry);
    const defined = definitions.find((definition) => definition.service === service);
    if (standing === "undeployed")
      notes.push(`${where} names ${service}, which was undeployed: it is not waited for`);
    else if (standing === "unknown" && !defined)
      notes.push(`${where} names ${service}, which is not on this node: it is not waited for`);
  }
  return notes;
}
