import type { BootStage } from "@mcp/planner";
import type { Endpoint } from "../health/endpoint.ts";

/** A stage with what only the agent needs of it. */
export interface ConfiguredStage extends BootStage {
  /** Asked once its services are well; it must pass too. */
  readonly health?: StageHealth;
  /** Files with definitions of its services, for a registry that does not know them. */
  readonly definitions: readonly string[];
}

export type StageHealth =
  | { readonly kind: "tcp"; readonly at: Endpoint }
  | { readonly kind: "http"; readonly at: Endpoint; readonly path: string }
  | { readonly kind: "grpc"; readonly at: Endpoint };
