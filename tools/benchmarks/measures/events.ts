import { stat } from "node:fs/promises";
import { realClock } from "@mcp/host";
import { openRegistry } from "../../../packages/registry/src/index.ts";
import { fillEvents } from "../../../packages/registry/test/fill-events.ts";
import type { BenchNode } from "../bench-node.ts";
import type { Measure } from "../measure.ts";
import { ratio, timed } from "../ratio.ts";

const count = 1_000_000;
let isThere = false;

/** Once for the measures of this file. */
async function million(node: BenchNode): Promise<void> {
  if (isThere) return;
  await node.killAgent();
  const registry = await openRegistry({ path: node.database, clock: realClock });
  try {
    await fillEvents(registry, count);
  } finally {
    await registry.close();
  }
  await node.startAgent();
  isThere = true;
}

/** None of them is about `nobody`: that answer is as short as one from an empty database, and takes turns with the other. */
const listing: Measure = {
  name: "mcp events among a million, over where there are none",
  limit: 100,
  unit: "ms",
  async take(node) {
    await million(node);
    const ask = (...argv: string[]) => timed(() => node.mcp("events", ...argv));
    const { oursMs, theirsMs } = await ratio(
      () => ask(),
      () => ask("nobody"),
      20,
    );
    return {
      value: Math.max(0, oursMs - theirsMs),
      detail: `${oursMs.toFixed(0)} ms over ${theirsMs.toFixed(0)} ms`,
    };
  },
};

const size: Measure = {
  name: "database with a million events",
  // 200 MB.
  limit: 190,
  unit: "MiB",
  async take(node) {
    await million(node);
    const sizes = await Promise.all(
      ["", "-wal"].map((end) =>
        stat(node.database + end).then(
          ({ size: bytes }) => bytes / 1_048_576,
          () => 0,
        ),
      ),
    );
    const [database = 0, log = 0] = sizes;
    return { value: database + log, detail: `with ${log.toFixed(0)} MiB of its log` };
  },
};

/** To be measured last: they leave a large database. */
export const events: readonly Measure[] = [listing, size];
