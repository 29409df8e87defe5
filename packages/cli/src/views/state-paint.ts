import type { Paint, Style } from "../terminal/style.ts";

/** How a desired or observed state, a revision's or a check's is painted. */
export function statePaint(state: string, style: Style): Paint {
  switch (state) {
    case "running":
    case "current":
    case "ok":
    case "succeeded":
      return style.green;
    case "starting":
    case "stopping":
    case "candidate":
    case "warning":
    case "unknown":
      return style.yellow;
    case "unhealthy":
    case "exited":
    case "crash-looping":
    case "missing":
    case "failed":
    case "rejected":
      return style.red;
    default:
      return style.dim;
  }
}

export const stateCell = (state: string, style: Style) => ({ text: state, paint: statePaint(state, style) });

export const revisionText = (revision: number | null): string => (revision === null ? "" : `r${revision}`);
