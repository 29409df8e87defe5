import type { PodmanInfo } from "../info.ts";
import type { HostFacts } from "./host-facts.ts";

export interface PodmanCheck {
  readonly name: string;
  readonly outcome: "ok" | "warning" | "failed";
  /** What was found. */
  readonly text: string;
  /** What to type; empty when all is well. */
  readonly hint: string;
}

/** What may be wrong with podman on this host, by what it and the host say of themselves. Pure. */
export function podmanChecks(info: PodmanInfo, host: HostFacts): PodmanCheck[] {
  const isRootless = info.host.security.rootless;
  return [
    storage(info),
    network(info),
    cgroups(info),
    ...(isRootless ? [subordinateIds(info, host)] : []),
    ...(isRootless && host.hasSystemd ? [lingering(host)] : []),
    ...(host.mayRaiseLimits || isRootless ? [] : [limits(host)]),
    systemd(host),
  ];
}

const ok = (name: string, text: string): PodmanCheck => ({ name, outcome: "ok", text, hint: "" });

function storage({ store }: PodmanInfo): PodmanCheck {
  const name = "podman: storage";
  if (store.graphDriverName !== "vfs") return ok(name, `${store.graphDriverName}, in ${store.graphRoot}`);
  return {
    name,
    outcome: "warning",
    text: "vfs, which keeps a whole copy of its image for every container",
    hint: "install fuse-overlayfs; a store that is vfs stays so until: podman system reset (removes all containers)",
  };
}

function network({ host }: PodmanInfo): PodmanCheck {
  const name = "podman: network";
  const backend = host.networkBackend ?? "unknown";
  if (backend !== "cni") return ok(name, backend);
  return {
    name,
    outcome: "warning",
    text: "cni: containers find one another by name only with its dnsname plugin",
    hint: "install netavark and aardvark-dns; podman takes them at its next: podman system reset",
  };
}

function cgroups({ host }: PodmanInfo): PodmanCheck {
  const name = "podman: cgroups";
  if (host.cgroupVersion === "v2" || !host.security.rootless) return ok(name, host.cgroupVersion);
  return {
    name,
    outcome: "warning",
    text: `${host.cgroupVersion}, under which rootless podman can neither limit nor measure`,
    hint: "boot with the kernel parameter systemd.unified_cgroup_hierarchy=1",
  };
}

function subordinateIds({ host }: PodmanInfo, { user }: HostFacts): PodmanCheck {
  const name = "podman: subordinate ids";
  const count = host.idMappings?.uidmap?.length ?? 0;
  if (count > 1) return ok(name, `${user} has some`);
  return {
    name,
    outcome: "failed",
    text: `${user} has none, so that an image with more than one user cannot be unpacked`,
    hint: `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user} && podman system migrate`,
  };
}

function lingering({ user, lingers }: HostFacts): PodmanCheck {
  const name = "podman: lingering";
  if (lingers) return ok(name, `the services of ${user} run without a login`);
  return {
    name,
    outcome: "warning",
    text: `what ${user} runs is stopped when they log out`,
    hint: `sudo loginctl enable-linger ${user}`,
  };
}

function limits({ hasUlimits }: HostFacts): PodmanCheck {
  const name = "podman: limits";
  if (hasUlimits)
    return ok(name, "podman may not raise limits here; those of [podman] ulimits are given instead");
  return {
    name,
    outcome: "warning",
    text: "podman may not raise limits here (no CAP_SYS_RESOURCE), so that containers may fail to start",
    hint: 'set [podman] ulimits = ["nofile=1024:20000", "nproc=1024:20000"] in the agent\'s config',
  };
}

function systemd({ hasSystemd }: HostFacts): PodmanCheck {
  const name = "host: systemd";
  if (hasSystemd) return ok(name, "it runs");
  return {
    name,
    outcome: "warning",
    text: "it does not run here, so nothing starts the agent at boot",
    hint: "start mcp-agent by what starts services on this machine",
  };
}
