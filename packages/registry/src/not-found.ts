import { Problem } from "@mcp/base";
import type { Reads } from "./database.ts";

export const serviceNotFound = (service: string): Problem =>
  new Problem(
    "service_not_found",
    `there is no service ${service} on this node`,
    "see those that are: mcp list",
  );

export const isLeaving = (service: string): Problem =>
  new Problem(
    "service_not_found",
    `the service ${service} is being undeployed`,
    `end that with: mcp undeploy ${service}; or bring all of it back: mcp deploy ${service}`,
  );

export const componentNotFound = (service: string, component: string): Problem =>
  new Problem(
    "component_not_found",
    `the service ${service} has no component ${component}`,
    `see those it has: mcp service show ${service}`,
  );

export const operationNotFound = (id: string): Problem =>
  new Problem(
    "operation_not_found",
    `there is no operation ${id}`,
    "see what was done to a service: mcp service history SERVICE",
  );

export const instanceNotFound = (name: string): Problem =>
  new Problem("workload_not_found", `no instance ${name} is recorded`, "see those that are: mcp ps");

/** The row of a service that was proposed at some time, also if it is undeployed. @throws Problem `service_not_found`. */
export async function serviceRow(queries: Reads, service: string) {
  const row = await queries.selectFrom("service").selectAll().where("name", "=", service).executeTakeFirst();
  if (!row) throw serviceNotFound(service);
  return row;
}
