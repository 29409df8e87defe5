import { join } from "node:path";
import { parseArgs } from "node:util";
import { line, main } from "../terminal/stage.ts";
import { mayBeRoot, runAsRoot } from "./as-root.ts";
import { runCheck, runChecks, runOrSay } from "./checks.ts";
import { openEnvironment } from "./environment.ts";
import { runPart } from "./part.ts";
import { Totals } from "./totals.ts";

const stateFolder = join(import.meta.dirname, "../../.mcp");

/** Tests that stop and start podman as root, mount and cut networks; each also tests what an ordinary user meets. */
const needRoot = ["conformance", "e2e"];
const needNobody = ["unit", "architecture", "packaging", "quickstart"];

await main(async () => {
  const { values, positionals } = parseArgs({
    options: { soak: { type: "boolean" } },
    allowPositionals: true,
  });
  const filter = positionals[0] ?? "";
  if (values.soak) process.env.MCP_SOAK = "1";
  const totals = new Totals();
  await using _environment = await openEnvironment();

  line(`\nchecks${filter && `, of which those with "${filter}" in their name`}`);
  await runChecks(filter, totals);
  await runCheck("build", totals, () =>
    runOrSay(["pnpm", "exec", "turbo", "run", "build", "--output-logs=errors-only", "--ui=stream"]),
  );

  const amount = values.soak ? "in full" : "a tenth of each; all of it with --soak";
  line(`\ntests; of what is long ${amount}`);
  if (process.getuid?.() !== 0 && (await mayBeRoot())) {
    await runPart({ filter, projects: needNobody, stateFolder }, totals);
    line("\ntests that need root, by sudo");
    await runAsRoot(filter, needRoot, totals);
  } else {
    await runPart({ filter, projects: [], stateFolder }, totals);
  }

  totals.print();
  if (totals.failed.length > 0) process.exitCode = 1;
});
