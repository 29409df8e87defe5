import { serviceTable } from "./keys/service.ts";
import type { Schema } from "./kinds/kind.ts";

/**
 * A JSON Schema (draft 2020-12) of definitions, for editors. It accepts all that `parseDefinition` accepts; what one key
 * says of another, such as two components with one name, it cannot see.
 */
export function definitionSchema(): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "MCP service definition",
    ...serviceTable.schema,
  };
}
