import { join } from "node:path";
import { run } from "@mcp/host";
import { type Measure, takenRatio } from "../measure.ts";
import { ratio, timed } from "../ratio.ts";

const cli = join(import.meta.dirname, "../../../apps/cli/bin/mcp.js");
const once = (...args: string[]) => timed(() => run([process.execPath, ...args]));

/** What oclif and the bundle cost before a command begins, over node doing nothing. */
export const cliStart: readonly Measure[] = ["--version", "--help"].map((flag) => ({
  name: `mcp ${flag}, over node -e 0`,
  limit: 2.2,
  unit: "×",
  take: async () =>
    takenRatio(
      await ratio(
        () => once(cli, flag),
        () => once("-e", "0"),
        30,
      ),
    ),
}));
