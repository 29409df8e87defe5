import type { EventReport } from "./status-report.ts";

export interface EventsReport {
  /** The newest last. */
  readonly events: readonly EventReport[];
}
