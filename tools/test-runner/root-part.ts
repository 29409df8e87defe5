import { writeFile } from "node:fs/promises";
import { main } from "../terminal/stage.ts";
import { openEnvironment } from "./environment.ts";
import { runPart } from "./part.ts";
import { Totals } from "./totals.ts";

// What an ordinary user's run starts by sudo: the projects that need root. Their totals go to a file.
const [totalsFile = "", filter = "", ...projects] = process.argv.slice(2);

await main(async () => {
  const totals = new Totals();
  await using environment = await openEnvironment();
  await runPart({ filter, projects, stateFolder: environment.stateFolder }, totals);
  await writeFile(totalsFile, JSON.stringify(totals));
});
