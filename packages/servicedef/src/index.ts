export {
  type CompleteComponent,
  type CompleteHealth,
  type CompleteRoute,
  type CompleteService,
  type CompleteVolume,
  completeDefinition,
  type HealthProbe,
} from "./complete.ts";
export { type Conventions, currentConventions } from "./conventions.ts";
export type {
  BuildDefinition,
  ComponentDefinition,
  HealthDefinition,
  Managed,
  Port,
  RestartPolicy,
  RouteDefinition,
  RouteMode,
  RuntimeName,
  ServiceDefinition,
  SnapshotDefinition,
  Tier,
  UpdateOrder,
  Volume,
} from "./definition.ts";
export { definitionFromJSON, definitionToJSON } from "./json.ts";
export { knownName } from "./kinds/names.ts";
export { mistakeAt } from "./mistake-at.ts";
export { maxDefinitionBytes, type ParseOptions, parseDefinition } from "./parse.ts";
export { printDefinition } from "./print.ts";
export { definitionReference } from "./reference.ts";
export { portVariable } from "./rules/component.ts";
export type { HealthPort } from "./rules/health.ts";
export { definitionSchema } from "./schema.ts";
export { specHash } from "./spec-hash.ts";
