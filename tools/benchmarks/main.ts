import { asProblem, isProblem } from "@mcp/base";
import { guestsMissing } from "../../packages/runtime-qemu/test/network/namespace.ts";
import { rigMissing } from "../../packages/runtime-qemu/test/rig.ts";
import { line, main, stage } from "../terminal/stage.ts";
import { startBenchNode } from "./bench-node.ts";
import type { Measure } from "./measure.ts";
import { agents } from "./measures/agent.ts";
import { cliStart } from "./measures/cli-start.ts";
import { deploys } from "./measures/deploy.ts";
import { events } from "./measures/events.ts";
import { withHundred } from "./measures/hundred.ts";
import { network } from "./measures/network.ts";
import { restarts } from "./measures/restart.ts";
import { scale } from "./measures/scale.ts";
import { vms } from "./measures/vm.ts";
import { table } from "./table.ts";

const measures: readonly Measure[] = [
  ...agents,
  ...cliStart,
  ...deploys,
  ...restarts,
  ...vms,
  ...network,
  ...withHundred,
  ...scale,
  // Last: it leaves a large database.
  ...events,
];

await main(async () => {
  const filter = process.argv[2] ?? "";
  const rows: string[][] = [];
  const missing = { vms: await rigMissing(), network: await guestsMissing() };
  await using node = await startBenchNode();
  for (const measure of measures.filter(({ name }) => name.includes(filter))) {
    const current = stage(measure.name);
    const lacking = measure.needs && missing[measure.needs];
    if (lacking !== undefined) {
      current.cross();
      rows.push([measure.name, "", "", lacking, "not run"]);
      continue;
    }
    // One that cannot be taken costs the others nothing.
    const taken = await measure.take(node).catch((error: unknown) => asProblem(error));
    if (isProblem(taken)) {
      current.cross();
      process.exitCode = 1;
      const [why = ""] = taken.message.split("\n").slice(-1);
      rows.push([measure.name, "", "", why.slice(0, 120), "not taken"]);
      continue;
    }
    const { value, detail } = taken;
    const holds = measure.limit === undefined || value <= measure.limit;
    if (holds) current.tick();
    else current.cross();
    if (!holds) process.exitCode = 1;
    const print = (number: number) => `${number.toFixed(measure.unit === "×" ? 2 : 0)} ${measure.unit}`;
    rows.push([
      measure.name,
      print(value),
      measure.limit === undefined ? "" : print(measure.limit),
      detail,
      holds ? "" : "missed",
    ]);
  }
  line();
  line(table(["what", "reached", "at most", "", ""], rows));
});
