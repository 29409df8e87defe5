import type { ImageConfig, WorkloadSpec } from "@mcp/runtime";

/** Podman's, for an image that sets none. */
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * What a spec and an image mean together, as podman reads them (`makeCommand` of its specgen): an entrypoint that is empty does
 * away with the image's; the image's cmd is for the image's entrypoint or none, and stands where the spec has none.
 */
export function argvOf(spec: WorkloadSpec, image: ImageConfig): readonly string[] {
  const hasOwnEntrypoint = (spec.entrypoint?.length ?? 0) > 0;
  const hasOwnCmd = (spec.cmd?.length ?? 0) > 0;
  const cmd = hasOwnCmd ? (spec.cmd ?? []) : hasOwnEntrypoint ? [] : image.cmd;
  return [...(spec.entrypoint ?? image.entrypoint), ...cmd];
}

/** The spec's goes over the image's, and that over what every program is given. */
export function envOf(
  spec: WorkloadSpec,
  image: ImageConfig,
  given: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { PATH: defaultPath, HOSTNAME: spec.hostname, ...given, ...image.env, ...spec.env };
}
