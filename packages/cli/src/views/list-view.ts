import type { ListReport } from "../reports/service-reports.ts";
import { age } from "../terminal/age.ts";
import type { Style } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";
import { revisionText, stateCell } from "./state-paint.ts";

export function listView({ services }: ListReport, nowMs: number, style: Style): string {
  if (services.length === 0)
    return style.typed("there are no services yet; begin with: mcp deploy --file hello.toml");
  return table(
    ["SERVICE", "WANTED", "REVISION", "COMPONENTS", "DEPLOYED"],
    services.map(({ name, desired, revision, candidateRevision, components, deployedAt }) => [
      name,
      stateCell(desired, style),
      revisionText(revision) +
        (candidateRevision === null ? "" : ` (trying ${revisionText(candidateRevision)})`),
      components.map((component) => component.name).join(", "),
      age(deployedAt, nowMs),
    ]),
    style,
  );
}
