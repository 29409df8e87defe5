import { Problem } from "@mcp/base";
import type { ComponentDefinition, ServiceDefinition, Volume } from "./definition.ts";
import { registryMistake } from "./kinds/image.ts";

/**
 * What fills the keys that were left out and may change one day; stored with each revision. Another set of values is
 * another `version`, so that what runs under an older one stays as it is until it is deployed again.
 */
export interface Conventions {
  readonly version: 1;
  /** Host and port, with folders behind it or not: `mcr.example.net:8443`. Absent: every image must be named. */
  readonly imageRegistry?: string;
}

/** What the conventions say for one component. */
export interface ConventionValues {
  /** Absent where it cannot be derived. */
  readonly image?: string;
  readonly volume: Volume;
  readonly network: string;
  readonly user: string;
}

/**
 * The conventions of this version of mcp.
 *
 * @throws Problem `config_invalid` if `imageRegistry` cannot stand before an image's name.
 */
export function currentConventions(imageRegistry?: string): Conventions {
  if (imageRegistry === undefined) return { version: 1 };
  const mistake = registryMistake(imageRegistry);
  if (mistake !== undefined)
    throw new Problem("config_invalid", mistake, "correct [images] registry in the configuration of mcp");
  return { version: 1, imageRegistry };
}

/** @throws Problem `database_newer` for conventions that this version does not know. */
export function conventionValues(
  definition: ServiceDefinition,
  component: ComponentDefinition,
  conventions: Conventions,
): ConventionValues {
  refuseLater(conventions);
  const { name: service, version } = definition;
  const registry = conventions.imageRegistry;
  const isMain = component.name === "api" || definition.components.length === 1;
  const image = isMain ? service : `${service}-${component.name}`;
  const home = `/srv/${service}`;
  return {
    ...(registry !== undefined && version !== undefined && { image: `${registry}/${image}:${version}` }),
    volume: { host: home, guest: home, readOnly: false, relabel: false },
    network: "mcpnet",
    user: "0:0",
  };
}

/** Stored ones may come from a later version of mcp, whatever their type says. */
function refuseLater({ version }: { readonly version: number }): void {
  if (version === 1) return;
  throw new Problem(
    "database_newer",
    `a stored definition follows version ${version} of the conventions, and this mcp knows version 1`,
    "use the version of mcp that stored it, or a later one",
  );
}
