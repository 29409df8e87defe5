import { realpath } from "node:fs/promises";
import { Problem } from "@mcp/base";
import type { VolumeMount } from "@mcp/runtime";
import type { CompleteComponent } from "@mcp/servicedef";

/**
 * The component's volumes with links resolved, each inside one of the allowed folders. The convention's volume is left
 * out, with a note, where its folder does not exist or is not allowed.
 *
 * @throws Problem `volume_not_allowed`, `volume_missing`.
 */
export async function resolveVolumes(
  component: CompleteComponent,
  allowed: readonly string[],
): Promise<{ volumes: VolumeMount[]; notes: string[] }> {
  const roots = await rootsOf(allowed);
  const volumes: VolumeMount[] = [];
  const notes: string[] = [];
  for (const { host, guest, readOnly, relabel, byConvention } of component.volumes) {
    const resolved = await realpath(host).catch(() => undefined);
    if (byConvention && (resolved === undefined || !isInside(resolved, roots))) {
      notes.push(
        `${component.name}: ${host} ${resolved ? "is not allowed" : "does not exist"}, so it is not mounted`,
      );
      continue;
    }
    if (!isInside(resolved ?? host, roots)) throw notAllowed(component.name, host, resolved, allowed);
    if (resolved === undefined)
      throw new Problem(
        "volume_missing",
        `component ${component.name} mounts ${host}, which does not exist on this node`,
        `make it first: mkdir -p ${host}`,
      );
    volumes.push({ host: resolved, guest, readOnly, relabel });
  }
  return { volumes, notes };
}

const rootsOf = (allowed: readonly string[]): Promise<string[]> =>
  Promise.all(allowed.map((folder) => realpath(folder).catch(() => folder)));

/**
 * Just before a start: the agent's config may allow less than it did, and a folder may have become a link to elsewhere.
 * What becomes one after this, the runtime refuses, which looks at what is really mounted.
 */
export async function checkVolumesStill(
  volumes: readonly VolumeMount[],
  component: string,
  allowed: readonly string[],
): Promise<void> {
  const roots = await rootsOf(allowed);
  for (const { host } of volumes) {
    if (!isInside(host, roots)) throw notAllowed(component, host, host, allowed);
    const now = await realpath(host).catch(() => undefined);
    if (now !== host)
      throw new Problem(
        now === undefined ? "volume_missing" : "volume_not_allowed",
        now === undefined
          ? `component ${component} mounts ${host}, which no longer exists`
          : `component ${component} mounts ${host}, which has become a link to ${now}`,
        "put the folder back, or deploy the definition again",
      );
  }
}

function notAllowed(
  component: string,
  host: string,
  resolved: string | undefined,
  allowed: readonly string[],
): Problem {
  const path = resolved && resolved !== host ? `${host} (a link to ${resolved})` : host;
  return new Problem(
    "volume_not_allowed",
    `component ${component} mounts ${path}, which is not in a folder that this node allows (${allowed.join(", ") || "none"})`,
    "use an allowed folder, or add one to [volumes] allow in the agent's config",
  );
}

/** By whole path segments: `/srv-other` is not inside `/srv`. */
const isInside = (path: string, roots: readonly string[]): boolean =>
  roots.some((root) => path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`));
