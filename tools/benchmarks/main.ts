import { line, main, stage } from "../terminal/stage.ts";
import { startBenchNode } from "./bench-node.ts";
import type { Measure } from "./measure.ts";
import { agents } from "./measures/agent.ts";
import { cliStart } from "./measures/cli-start.ts";
import { deploys } from "./measures/deploy.ts";
import { withHundred } from "./measures/hundred.ts";
import { table } from "./table.ts";

const measures: readonly Measure[] = [...agents, ...cliStart, ...deploys, ...withHundred];

await main(async () => {
  const filter = process.argv[2] ?? "";
  const rows: string[][] = [];
  await using node = await startBenchNode();
  for (const measure of measures.filter(({ name }) => name.includes(filter))) {
    const current = stage(measure.name);
    const { value, detail } = await measure.take(node);
    const holds = value <= measure.limit;
    if (holds) current.tick();
    else current.cross();
    if (!holds) process.exitCode = 1;
    const print = (number: number) => `${number.toFixed(measure.unit === "×" ? 2 : 0)} ${measure.unit}`;
    rows.push([measure.name, print(value), print(measure.limit), detail, holds ? "" : "missed"]);
  }
  line();
  line(table(["what", "reached", "at most", "", ""], rows));
});
