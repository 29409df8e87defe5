import { startVitest } from "vitest/node";
import { StreamingReporter } from "./reporter.ts";
import type { Totals } from "./totals.ts";

/** Run every vitest project, or what matches the filter. */
export async function runVitest(filter: string, totals: Totals): Promise<void> {
  const before = totals.passed + totals.failed.length;
  const vitest = await startVitest("test", filter === "" ? [] : [filter], {
    run: true,
    watch: false,
    reporters: [new StreamingReporter(totals)],
    passWithNoTests: filter !== "",
  });
  await vitest.close();
  // Vitest sets it on a failure; the totals decide.
  process.exitCode = 0;
  if (filter === "" && totals.passed + totals.failed.length === before)
    totals.failed.push("vitest ran no test");
}
