/**
 * Every problem code there is, with the process exit code of the CLI and the status on the wire. `docs/problems.md`
 * is tested against this table in both directions.
 *
 * Exit codes: 1 a bug, 2 wrong usage or input, 3 refused as things stand, 4 not found, 5 a workload failed,
 * 6 agent, runtime or another part unreachable or failing, 7 not built yet, 8 no permission.
 */
export const problemCodes = {
  internal: { exit: 1, wire: "internal" },

  usage: { exit: 2, wire: "invalid_argument" },
  config_invalid: { exit: 2, wire: "invalid_argument" },
  definition_invalid: { exit: 2, wire: "invalid_argument" },
  definition_too_large: { exit: 2, wire: "invalid_argument" },
  request_invalid: { exit: 2, wire: "invalid_argument" },

  name_taken: { exit: 3, wire: "failed_precondition" },
  port_taken: { exit: 3, wire: "failed_precondition" },
  resources_exhausted: { exit: 3, wire: "resource_exhausted" },
  volume_not_allowed: { exit: 3, wire: "failed_precondition" },
  health_unreachable: { exit: 3, wire: "failed_precondition" },
  volume_missing: { exit: 3, wire: "failed_precondition" },
  runtime_unsupported: { exit: 3, wire: "failed_precondition" },
  spec_conflict: { exit: 3, wire: "already_exists" },
  no_earlier_revision: { exit: 3, wire: "failed_precondition" },
  wrong_node: { exit: 3, wire: "failed_precondition" },
  superseded: { exit: 3, wire: "aborted" },
  bridge_missing: { exit: 3, wire: "failed_precondition" },
  bridge_unusable: { exit: 3, wire: "failed_precondition" },
  bridge_in_use: { exit: 3, wire: "failed_precondition" },
  addresses_exhausted: { exit: 3, wire: "resource_exhausted" },
  address_taken: { exit: 3, wire: "failed_precondition" },
  tap_taken: { exit: 3, wire: "failed_precondition" },
  port_on_bridge: { exit: 3, wire: "failed_precondition" },
  draining: { exit: 3, wire: "unavailable" },

  file_not_found: { exit: 4, wire: "not_found" },
  service_not_found: { exit: 4, wire: "not_found" },
  component_not_found: { exit: 4, wire: "not_found" },
  revision_not_found: { exit: 4, wire: "not_found" },
  operation_not_found: { exit: 4, wire: "not_found" },
  workload_not_found: { exit: 4, wire: "not_found" },
  image_not_found: { exit: 4, wire: "not_found" },
  node_not_found: { exit: 4, wire: "not_found" },

  start_failed: { exit: 5, wire: "failed_precondition" },
  exited_early: { exit: 5, wire: "failed_precondition" },
  unhealthy: { exit: 5, wire: "failed_precondition" },

  agent_unreachable: { exit: 6, wire: "unavailable" },
  runtime_unavailable: { exit: 6, wire: "unavailable" },
  runtime_failed: { exit: 6, wire: "internal" },
  runtime_timeout: { exit: 6, wire: "deadline_exceeded" },
  image_corrupted: { exit: 6, wire: "failed_precondition" },
  store_changed: { exit: 6, wire: "failed_precondition" },
  observation_unknown: { exit: 6, wire: "unavailable" },
  registry_unreachable: { exit: 6, wire: "unavailable" },
  registry_refused: { exit: 6, wire: "permission_denied" },
  image_pull_failed: { exit: 6, wire: "unavailable" },
  tool_missing: { exit: 6, wire: "failed_precondition" },
  tool_failed: { exit: 6, wire: "internal" },
  tool_timeout: { exit: 6, wire: "deadline_exceeded" },
  network_failed: { exit: 6, wire: "internal" },
  alert_failed: { exit: 6, wire: "unavailable" },
  output_failed: { exit: 6, wire: "internal" },
  disk_full: { exit: 6, wire: "resource_exhausted" },
  database_read_only: { exit: 6, wire: "failed_precondition" },
  database_newer: { exit: 6, wire: "failed_precondition" },
  database_in_use: { exit: 6, wire: "failed_precondition" },
  database_failed: { exit: 6, wire: "internal" },
  socket_in_use: { exit: 6, wire: "failed_precondition" },
  timed_out: { exit: 6, wire: "deadline_exceeded" },
  unsatisfied: { exit: 6, wire: "failed_precondition" },

  not_yet_supported: { exit: 7, wire: "unimplemented" },

  network_not_permitted: { exit: 8, wire: "permission_denied" },
  permission_denied: { exit: 8, wire: "permission_denied" },
} as const satisfies Record<string, { exit: number; wire: string }>;

export type ProblemCode = keyof typeof problemCodes;

/** The CLI's exit code for a problem. */
export const exitCodeOf = (code: ProblemCode): number => problemCodes[code].exit;
