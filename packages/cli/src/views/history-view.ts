import type { HistoryReport, RevisionReport, ShowReport } from "../reports/service-reports.ts";
import { age } from "../terminal/age.ts";
import type { Style } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";
import { revisionText, stateCell } from "./state-paint.ts";

export function historyView({ service, revisions }: HistoryReport, nowMs: number, style: Style): string {
  if (revisions.length === 0) return `${service} has no revisions`;
  return table(
    ["REVISION", "STATE", "MADE BY", "AGE", "IMAGES"],
    revisions.map((revision) => [
      revisionText(revision.number),
      stateCell(revision.state, style),
      revision.origin,
      age(revision.createdAt, nowMs),
      imagesOf(revision),
    ]),
    style,
  );
}

const imagesOf = ({ components }: RevisionReport): string =>
  [...new Set(components.map(({ image }) => image))].join(", ");

/** The definition, under a comment that says which revision it is: so it can be saved and deployed as it stands. */
export function showView({ service, revision, toml }: ShowReport, nowMs: number, style: Style): string {
  const made = revision.createdAt === null ? "" : `, ${age(revision.createdAt, nowMs)} ago`;
  const origin = revision.origin === "" ? "" : ` by ${revision.origin}`;
  const heading = `# ${service.name} ${revisionText(revision.number)} (${revision.state}), made${origin}${made}`;
  return `${style.dim(heading)}\n${toml.replace(/\n+$/, "")}`;
}
