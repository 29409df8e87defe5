import { Problem } from "@mcp/base";
import type { Definition } from "@mcp/proto";
import type { DefinitionText } from "../operations/request.ts";
import type { EventsOf } from "../queries/events.ts";

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const mostTomlBytes = 1_048_576;

/** A name as it must be, since it comes from outside and ends up in names of workloads. */
export function decodeName(what: string, name: string): string {
  if (label.test(name)) return name;
  throw new Problem(
    "request_invalid",
    `${JSON.stringify(name.slice(0, 80))} is not the name of a ${what}`,
    "a name has lower-case letters, digits and inner hyphens, at most 63",
  );
}

export const decodeOptionalName = (what: string, name: string): string | undefined =>
  name === "" ? undefined : decodeName(what, name);

export function decodeRequestId(id: string): string {
  if (/^[\w.:-]{8,80}$/.test(id)) return id;
  throw new Problem(
    "request_invalid",
    "request_id is missing or malformed",
    "send 8 to 80 letters, digits, or . : - _ that are new for each request",
  );
}

export function decodeDefinition(definition: Definition | undefined): DefinitionText {
  if (!definition || definition.toml === "")
    throw new Problem("request_invalid", "the request has no definition", "send definition.toml");
  if (Buffer.byteLength(definition.toml) > mostTomlBytes)
    throw new Problem(
      "definition_too_large",
      "the definition is larger than 1 MiB",
      "split the service, or move data out of its definition",
    );
  return {
    toml: definition.toml,
    file: definition.file === "" ? "definition" : definition.file.slice(0, 200),
    imageRegistry: definition.imageRegistry,
  };
}

export const decodeOptionalNumber = (value: bigint): number | undefined =>
  value === 0n ? undefined : Number(value);

/** Within its bounds, with a default for 0. */
export function decodeLimit(value: number, fallback: number, most: number): number {
  if (value === 0) return fallback;
  if (value > 0 && value <= most) return value;
  throw new Problem("request_invalid", `limit is ${value}`, `send a limit from 1 to ${most}`);
}

/** Empty names mean all. */
export function decodeEventFilter(service: string, component: string): EventsOf {
  const ofService = decodeOptionalName("service", service);
  const ofComponent = decodeOptionalName("component", component);
  if (ofComponent !== undefined && ofService === undefined)
    throw new Problem(
      "request_invalid",
      `component ${ofComponent} is asked for without its service`,
      "send service too",
    );
  return {
    ...(ofService !== undefined && { service: ofService }),
    ...(ofComponent !== undefined && { component: ofComponent }),
  };
}
