import { join } from "node:path";
import { run } from "@mcp/host";
import { podmanEnvironment, podmanHere } from "../podman-here/podman-here.ts";
import { line, stage } from "../terminal/stage.ts";
import { runCheck } from "./checks.ts";
import { nothingIsLeft } from "./leaks.ts";
import { runVitest } from "./run-vitest.ts";
import type { Totals } from "./totals.ts";
import { takeTraces } from "./traces.ts";

const root = join(import.meta.dirname, "../..");

export interface Part {
  readonly filter: string;
  /** Of vitest; all of them where empty. */
  readonly projects: readonly string[];
  /** Where what was found out about podman is kept. */
  readonly stateFolder: string;
}

/** Tests as one user: podman is made to work, vitest runs, and nothing may be left behind. */
export async function runPart({ filter, projects, stateFolder }: Part, totals: Totals): Promise<void> {
  await preparePodman(stateFolder);
  const before = await takeTraces();
  await runVitest(filter, projects, totals);
  line();
  const who = process.getuid?.() === 0 ? "root" : "this user";
  await runCheck(`nothing is left behind, as ${who} sees it`, totals, () => nothingIsLeft(before));
}

async function preparePodman(stateFolder: string): Promise<void> {
  const podman = stage("podman");
  const here = await podmanHere(stateFolder, async (name) => {
    line(`    to install: ${name}, which podman needs on this machine`);
    await run([join(root, "tools/lib/need-packages"), `podman: ${name}`, name], { timeoutMs: 600_000 });
  });
  Object.assign(process.env, podmanEnvironment(here));
  podman.tick(
    `${here.version} runs containers${here.containersConf ? ", with limits or a runtime of our own" : ""}`,
  );
}
