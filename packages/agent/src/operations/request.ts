import type { OperationRecord } from "@mcp/registry";

/** A definition as it travels: the operator's text, and what their workstation adds. */
export interface DefinitionText {
  readonly toml: string;
  /** For messages. */
  readonly file: string;
  /** Registry for images left to convention; may be empty. */
  readonly imageRegistry: string;
}

/**
 * What was asked for, kept with the operation as JSON, so that an agent that was killed before it began can still begin.
 */
export type OperationRequest =
  | { readonly kind: "deploy"; readonly definition: DefinitionText; readonly component?: string }
  | { readonly kind: "rollback"; readonly revision?: number }
  | { readonly kind: "undeploy" }
  | { readonly kind: "stop"; readonly component?: string }
  | { readonly kind: "start"; readonly component?: string }
  | { readonly kind: "restart"; readonly component?: string }
  | { readonly kind: "repair" };

export const requestOf = (operation: OperationRecord): OperationRequest =>
  operation.request as OperationRequest;
