import type { Capabilities, Capability } from "@mcp/runtime";

/** The parts of `GET /info` that are read. */
export interface PodmanInfo {
  readonly host: {
    readonly cgroupVersion: string;
    /** Bytes. */
    readonly memTotal: number;
    readonly cgroupControllers: readonly string[] | null;
    readonly networkBackend?: string;
    readonly ociRuntime?: { readonly name: string };
    readonly security: { readonly rootless: boolean };
    readonly idMappings?: {
      readonly uidmap: readonly { readonly container_id: number; readonly host_id: number }[] | null;
    };
  };
  readonly store: { readonly graphRoot: string; readonly graphDriverName: string };
  readonly version: { readonly Version: string };
}

const yes: Capability = { ok: true };

/** What podman can do on this host, by what it says of itself. */
export function capabilitiesOf({ host }: PodmanInfo): Capabilities {
  const { rootless } = host.security;
  const isV2 = host.cgroupVersion === "v2";
  const needsV2: Capability | undefined =
    rootless && !isV2 ? { ok: false, why: "rootless podman needs cgroups v2 for it" } : undefined;
  const limit = (controller: string): Capability => {
    if (needsV2) return needsV2;
    if (host.cgroupControllers?.includes(controller)) return yes;
    return {
      ok: false,
      why: `the cgroup controller "${controller}" is not given to ${rootless ? "this user" : "podman"}`,
    };
  };
  return {
    exec: yes,
    stats: needsV2 ?? yes,
    memoryLimit: limit("memory"),
    cpuLimit: limit("cpu"),
    udpPorts: yes,
    volumes: yes,
    userNetworks: yes,
    ownAddresses: rootless
      ? {
          ok: false,
          byNature: true,
          why: "the networks of rootless podman are in a namespace of its own, which the host does not reach",
        }
      : yes,
  };
}

/** Where the containers are, and whose they are. Another store than before means: nothing is known. */
export function storeOf({ host, store }: PodmanInfo): string {
  const owner = host.idMappings?.uidmap?.find(({ container_id }) => container_id === 0)?.host_id;
  return host.security.rootless && owner !== undefined
    ? `${store.graphRoot} (uid ${owner})`
    : store.graphRoot;
}

export function notesOf({ host, store }: PodmanInfo): string[] {
  return [
    host.security.rootless ? "rootless" : "rootful",
    `cgroups ${host.cgroupVersion}`,
    ...(host.ociRuntime ? [host.ociRuntime.name] : []),
    store.graphDriverName,
    ...(host.networkBackend ? [host.networkBackend] : []),
  ];
}

/** The oldest version whose API has all that is used. */
const oldest = [4, 3] as const;

export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}
