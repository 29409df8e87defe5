import { run } from "@mcp/host";
import { type Measure, takenRatio } from "../measure.ts";
import { ratio, timed } from "../ratio.ts";

/** What oclif and the bundle cost before a command begins, over node doing nothing. */
export const cliStart: readonly Measure[] = ["--version", "--help"].map((flag) => ({
  name: `mcp ${flag}, over node -e 0`,
  limit: 2.2,
  unit: "×",
  take: async (node) =>
    takenRatio(
      await ratio(
        () => timed(() => node.mcp(flag)),
        () => timed(() => run([process.execPath, "-e", "0"])),
        30,
      ),
    ),
}));
