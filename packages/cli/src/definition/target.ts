import { Problem } from "@mcp/base";

/** What a command is about: a service, or one component of it. */
export interface Target {
  readonly service: string;
  readonly component?: string;
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Read `<service>[/<component>]`. Names become file names and paths of requests, so nothing else gets through.
 * @throws Problem `usage`.
 */
export function parseTarget(text: string): Target {
  const [service = "", component, ...rest] = text.split("/");
  if (rest.length > 0 || !label.test(service) || (component !== undefined && !label.test(component)))
    throw new Problem(
      "usage",
      `${JSON.stringify(text)} does not name a service`,
      "write service or service/component; names have lower-case letters, digits and hyphens",
    );
  return component === undefined ? { service } : { service, component };
}

/**
 * The same where a component cannot be meant.
 * @throws Problem `usage`.
 */
export function parseService(text: string): string {
  const { service, component } = parseTarget(text);
  if (component === undefined) return service;
  throw new Problem(
    "usage",
    `this works on whole services, and ${text} names a component`,
    `leave the component away: ${service}`,
  );
}

export const printTarget = ({ service, component }: Target): string =>
  component === undefined ? service : `${service}/${component}`;
