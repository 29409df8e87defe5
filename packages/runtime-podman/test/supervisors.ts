import { readdir, readFile } from "node:fs/promises";
import { expect } from "vitest";
import type { PodmanRig } from "./rig.ts";

/** The commands of the conmons of one rig's container, by the name that they are given. */
export async function supervisorsOf(folder: string, name: string): Promise<string[]> {
  const commands = await Promise.all(
    (await readdir("/proc"))
      .filter((entry) => /^\d+$/.test(entry))
      .map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return commands.filter((command) => command.includes(`${folder}/`) && command.includes(`\0-n\0${name}\0`));
}

export async function killSupervisor(rig: PodmanRig, name: string): Promise<void> {
  process.kill(Number(await rig.cli(["inspect", "--format", "{{.State.ConmonPid}}", name])), "SIGKILL");
  await expect.poll(() => supervisorsOf(rig.folder, name)).toEqual([]);
}
