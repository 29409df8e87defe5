import { join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "@mcp/host";
import { podmanEnvironment, podmanHere } from "../podman-here/podman-here.ts";
import { line, main, stage } from "../terminal/stage.ts";
import { runCheck, runChecks, runOrSay } from "./checks.ts";
import { openEnvironment } from "./environment.ts";
import { nothingIsLeft } from "./leaks.ts";
import { runVitest } from "./run-vitest.ts";
import { Totals } from "./totals.ts";
import { takeTraces } from "./traces.ts";

const root = join(import.meta.dirname, "../..");

await main(async () => {
  const { values, positionals } = parseArgs({
    options: { soak: { type: "boolean" } },
    allowPositionals: true,
  });
  const filter = positionals[0] ?? "";
  const totals = new Totals();
  await using _environment = await openEnvironment(values.soak ?? false);

  const podman = stage("podman");
  const here = await podmanHere(join(root, ".mcp"), async (name) => {
    line(`    to install: ${name}, which podman needs on this machine`);
    await run([join(root, "tools/lib/need-packages"), `podman: ${name}`, name], { timeoutMs: 600_000 });
  });
  Object.assign(process.env, podmanEnvironment(here));
  podman.tick(`${here.version} runs containers${here.containersConf ? ", with .mcp/containers.conf" : ""}`);
  const before = await takeTraces();

  line(`\nchecks${filter && `, of which those with "${filter}" in their name`}`);
  await runChecks(filter, totals);
  await runCheck("build", totals, () =>
    runOrSay(["pnpm", "exec", "turbo", "run", "build", "--output-logs=errors-only", "--ui=stream"]),
  );

  const amount = values.soak
    ? "in full (--soak)"
    : "a tenth of the soak's random inputs; all of them with --soak";
  line(`\ntests: ${amount}`);
  await runVitest(filter, totals);

  line();
  await runCheck("nothing is left behind", totals, () => nothingIsLeft(before));
  totals.print();
  if (totals.failed.length > 0) process.exitCode = 1;
});
