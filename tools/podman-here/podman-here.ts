import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@mcp/base";
import { bootId, run } from "@mcp/host";
import { containersConf, ownLimits } from "./containers-conf.ts";
import { removeProbeImage, runsContainers } from "./probe.ts";

/** What podman needs on this machine so that containers run at all. */
export interface PodmanHere {
  readonly version: string;
  /** As `[podman] ulimits` has them; empty where podman's defaults work. */
  readonly ulimits: readonly string[];
  /** A `containers.conf` of our own, for `CONTAINERS_CONF`; undefined where the machine's own works. */
  readonly containersConf?: string;
}

/** Installs a package that turned out to be needed. */
export type Install = (packageName: string) => Promise<void>;

/**
 * Find, by running a container, what podman needs here. The answer is kept in `stateFolder` until podman, the user, the
 * limits or the boot change.
 *
 * @throws Problem `tool_failed` with what podman said, where no way works.
 */
export async function podmanHere(stateFolder: string, install: Install): Promise<PodmanHere> {
  const version = (await run(["podman", "--version"])).stdout.trim();
  const limits = await ownLimits();
  const circumstances = [version, process.getuid?.(), limits.join(), await bootId()].join(" ");
  const kept = join(stateFolder, "podman-here.json");
  const known = await readKept(kept);
  if (known?.circumstances === circumstances) return known.here;
  const here = { version, ...(await findWay(stateFolder, limits, install)) };
  await writeFile(kept, JSON.stringify({ circumstances, here }));
  return here;
}

/** The environment in which programs find podman working. */
export const podmanEnvironment = (here: PodmanHere): Record<string, string> =>
  here.containersConf === undefined ? {} : { CONTAINERS_CONF: here.containersConf };

async function readKept(
  path: string,
): Promise<{ readonly circumstances: string; readonly here: PodmanHere } | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    // Absent, or half written when the machine stopped: found out again.
    return undefined;
  }
}

async function findWay(
  stateFolder: string,
  limits: readonly string[],
  install: Install,
): Promise<Omit<PodmanHere, "version">> {
  try {
    const asItIs = await runsContainers(stateFolder, {});
    if (asItIs.works) return { ulimits: [] };
    const path = join(stateFolder, "containers.conf");
    const tryWith = async (runtime: string | undefined, ulimits: readonly string[]) => {
      await writeFile(path, containersConf(runtime, ulimits));
      return runsContainers(stateFolder, { CONTAINERS_CONF: path });
    };
    if ((await tryWith(undefined, limits)).works) return { ulimits: limits, containersConf: path };
    // Older kernels' cgroups are more than crun can do with; runc knows them.
    await install("runc");
    if ((await tryWith("runc", [])).works) return { ulimits: [], containersConf: path };
    const last = await tryWith("runc", limits);
    if (last.works) return { ulimits: limits, containersConf: path };
    await rm(path);
    throw new Problem(
      "tool_failed",
      `podman cannot run a container on this machine: ${asItIs.said}`,
      "see: podman info",
    );
  } finally {
    await removeProbeImage();
  }
}
