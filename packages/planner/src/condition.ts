/**
 * Something that is not as it should be, for as long as it lasts: what alerts and `status` are made from. Whoever finds
 * it says all that he finds each time he looks, so that what he no longer says is over.
 */
export interface Condition {
  readonly code: ConditionCode;
  /** Empty: about the node. */
  readonly service: string;
  /** Empty: about the whole service. */
  readonly component: string;
  /** What tells several of one code and component apart, such as a disk's path; else empty. */
  readonly subject: string;
  readonly severity: "warning" | "critical";
  /** One line, without a time or a count, which would make it another title each time. */
  readonly title: string;
  readonly text: string;
  /** What to type. */
  readonly hint: string;
}

export type ConditionCode =
  | "crash_looping"
  | "unhealthy"
  /** It waits for the health of others, for longer than that should take. */
  | "held_back"
  | "drift"
  /** Nobody can say how it is. */
  | "unknown"
  | "repair_failed"
  | "runtime_lost"
  | "store_changed"
  | "boot_blocked"
  | "boot_stage_failed"
  | "disk_filling"
  | "memory_low"
  | "database_unwritable"
  | "network_failing";

/** Of a runtime that cannot be seen into, which is why others are `unknown`. */
export const hidesOthers = ({ code }: Condition): boolean =>
  code === "runtime_lost" || code === "store_changed";

/** As `Found.unsettled` has it. */
export const componentKey = ({ service, component }: Pick<Condition, "service" | "component">): string =>
  `${service}/${component}`;

/** The same for the same thing, however its text changes. */
export const conditionKey = ({
  code,
  service,
  component,
  subject,
}: Pick<Condition, "code" | "service" | "component" | "subject">): string =>
  [code, service, component, subject].join("/");
