import { startVitest } from "vitest/node";
import { StreamingReporter } from "./reporter.ts";
import type { Totals } from "./totals.ts";

/** Run vitest projects, all of them where none is named, or what of them matches the filter. */
export async function runVitest(filter: string, projects: readonly string[], totals: Totals): Promise<void> {
  const before = totals.passed + totals.failed.length;
  const vitest = await startVitest("test", filter === "" ? [] : [filter], {
    run: true,
    watch: false,
    ...(projects.length > 0 && { project: [...projects] }),
    // Another user could not write what this one has kept.
    cache: false,
    reporters: [new StreamingReporter(totals)],
    passWithNoTests: filter !== "",
  });
  await vitest.close();
  // Vitest sets it on a failure; the totals decide.
  process.exitCode = 0;
  if (filter === "" && totals.passed + totals.failed.length === before)
    totals.failed.push("vitest ran no test");
}
