import type { StepReport } from "../reports/operation-report.ts";

/** A step as people say it: `start web`. */
export function stepText({ action, component, instance, subject, untilHealthy }: StepReport): string {
  switch (action) {
    case "pull":
      return `pull ${subject}`;
    case "stand":
      return untilHealthy ? `wait until ${component} is healthy` : `see that ${component} stays up`;
    case "accept":
      return subject === "" ? "accept it" : `accept ${subject}`;
    case "remove":
      return `remove ${instance || component}`;
    case "discard":
      return `reject ${subject || "what was tried"}`;
    case "forget":
      return "take the service off the list";
    default:
      return [action, component || subject].filter((word) => word !== "").join(" ");
  }
}
