import { open, readFile, readlink } from "node:fs/promises";
import { Problem } from "@mcp/base";
import type { VolumeMount, WorkloadSpec } from "@mcp/runtime";
import { findMismatch, type Place, parseMounts, placeIn } from "./mounts.ts";

/** `O_PATH`, which node does not name: to hold what is at a path without opening it. */
const onlyHold = 0o10000000;

/**
 * Whether a container that is initialized, and of whose program no line has run, has its volumes from where the spec says.
 * Podman follows links when it mounts, so somebody who may write above a volume can exchange it for a link to elsewhere
 * after the agent's check. What is mounted cannot be exchanged any more, and the kernel tells where it lies. It cannot
 * come to lie there later: nobody can move what they may not move. What mounting itself does is done by then, though: a
 * folder made inside of another volume to mount on, and what relabelling changes.
 *
 * @returns undefined if all is well; the problem if not; `unseen` if the process is not there (any more), as podman
 *   knows it.
 */
export async function checkVolumes(
  { name, volumes }: WorkloadSpec,
  { id, pid }: { readonly id: string; readonly pid: number },
): Promise<Problem | "unseen" | undefined> {
  const text = await readFile(`/proc/${pid}/mountinfo`, "utf8").catch(() => "");
  // Some of its mounts come from podman's folder for this container; without them it is another process.
  if (!text.includes(`/${id}/`)) return "unseen";
  const wanted = await Promise.all(
    volumes.map(async (volume) => ({ ...volume, place: await placeOf(volume.host) })),
  );
  const exchanged = findMismatch(wanted, parseMounts(text));
  return exchanged && wasExchanged(name, exchanged);
}

/** Undefined unless that very path, through no link, leads to something. */
async function placeOf(path: string): Promise<Place | undefined> {
  const handle = await open(path, onlyHold).catch(() => undefined);
  if (!handle) return undefined;
  try {
    if ((await readlink(`/proc/self/fd/${handle.fd}`)) !== path) return undefined;
    const info = await readFile(`/proc/self/fdinfo/${handle.fd}`, "utf8");
    const mountId = Number(/^mnt_id:\s*(\d+)$/m.exec(info)?.[1]);
    const mount = parseMounts(await readFile("/proc/self/mountinfo", "utf8")).find(
      ({ id }) => id === mountId,
    );
    return mount && placeIn(mount, path);
  } finally {
    await handle.close();
  }
}

function wasExchanged(name: string, { host, guest }: VolumeMount): Problem {
  return new Problem(
    "volume_not_allowed",
    `${name} was not started: what podman mounted at ${guest} is not ${host}, but something that a link led to or that was put there meanwhile`,
    `see whether ${host}, or a folder above it, is a link now; put the folder back, or deploy the definition again`,
  );
}

/** Why a container with volumes is not started where its process cannot be seen. */
export function volumesUnseen(name: string): Problem {
  return new Problem(
    "runtime_unsupported",
    `${name} was not started: its process cannot be seen from here, so nobody can tell what was mounted in it`,
    "run the agent on the same host as podman and outside of containers, or take the volumes out of its definition",
  );
}
