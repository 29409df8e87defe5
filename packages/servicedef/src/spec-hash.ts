import { Problem } from "@mcp/base";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Conventions, conventionValues } from "./conventions.ts";
import type { ComponentDefinition, ServiceDefinition } from "./definition.ts";
import { componentTable } from "./keys/service.ts";
import type { Written, WrittenTable } from "./kinds/kind.ts";
import type { TableKind } from "./kinds/table.ts";

/** Of the canonical form; another form is another version, and then every service is restarted by its next deploy. */
const version = 1;

/**
 * One text for all definitions of a component that run the same, another for any that does not; `v1:` and 64 hex digits.
 *
 * It covers the keys that were written and change what runs, the conventions used for those that were not, and the
 * pinned digest. A key that a later version adds is in no older definition, so it is in no older hash. Neither the order
 * of ports, volumes, routes and variables counts, nor writing out what holds anyway.
 *
 * @param digest  what the image's reference was resolved to: `sha256:…`.
 * @throws Problem `component_not_found`
 */
export function specHash(
  service: string,
  definition: ServiceDefinition,
  componentName: string,
  conventions: Conventions,
  digest: string,
): string {
  const canonical = canonicalSpec(componentTable, service, definition, componentName, conventions, digest);
  return `v${version}:${bytesToHex(sha256(utf8ToBytes(canonical)))}`;
}

/** What is hashed: JSON with sorted keys. `table` is the table of components, given so that a test can add a key to it. */
export function canonicalSpec(
  table: TableKind<ComponentDefinition>,
  service: string,
  definition: ServiceDefinition,
  componentName: string,
  conventions: Conventions,
  digest: string,
): string {
  const component = definition.components.find(({ name }) => name === componentName);
  if (!component)
    throw new Problem(
      "component_not_found",
      `${service} has no component ${componentName}`,
      "list them with: mcp list",
    );
  const usual = conventionValues(definition, component, conventions);
  const runtime = component.runtime ?? definition.runtime;
  const byConvention: WrittenTable = {
    ...(usual.image !== undefined && { image: usual.image }),
    // Not the same as this volume written out, which is mounted whether or not its folder exists.
    volumes: [`${usual.volume.host}:${usual.volume.guest}:if-present`],
    network: usual.network,
    user: usual.user,
  };
  return JSON.stringify(
    sortedKeys({
      v: version,
      service,
      component: componentName,
      conventions: conventions.version,
      digest,
      spec: {
        ...byConvention,
        ...table.canonical({ ...component, ...(runtime !== undefined && { runtime }) }),
      },
    }),
  );
}

function sortedKeys(value: Written): Written {
  if (Array.isArray(value)) return (value as readonly Written[]).map(sortedKeys);
  if (typeof value !== "object") return value;
  const entries = Object.entries(value as WrittenTable).map(
    ([key, inner]) => [key, sortedKeys(inner)] as const,
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
