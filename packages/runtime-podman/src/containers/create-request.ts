import { canonicalAddress, Problem } from "@mcp/base";
import { labelsToRecord, type PortMapping, type VolumeMount, type WorkloadSpec } from "@mcp/runtime";
import { imageLabel, imageLabelOf } from "./image-label.ts";
import type { Ulimit } from "./ulimits.ts";

/** What of a spec this host can have, and what it wants for every container. */
export interface HostSettings {
  readonly memoryLimit: boolean;
  readonly cpuLimit: boolean;
  readonly ulimits: readonly Ulimit[];
  /** A container's log is begun anew when it has reached this size. */
  readonly logMaxBytes: number;
}

const mebibyte = 1024 * 1024;
const cpuPeriodUs = 100_000;

/**
 * The body of podman's create call. Pure; the keys are those of libpod's `SpecGenerator`.
 *
 * @param image  how podman is to find the image: a name with the pinned digest, or an id.
 * @throws Problem `runtime_unsupported` for ports on a network that publishes none.
 */
export function createRequest(
  spec: WorkloadSpec,
  image: string,
  { memoryLimit, cpuLimit, ulimits, logMaxBytes }: HostSettings,
): Record<string, unknown> {
  return {
    name: spec.name,
    image,
    labels: { ...labelsToRecord(spec.labels), [imageLabel]: imageLabelOf(spec.image) },
    hostname: spec.hostname,
    // The planner restarts, nobody else.
    restart_policy: "no",
    // Not the journal: who may read that differs from host to host.
    log_configuration: { driver: "k8s-file", size: logMaxBytes },
    env: spec.env,
    ...(spec.entrypoint && { entrypoint: spec.entrypoint }),
    ...(spec.cmd && { command: spec.cmd }),
    ...(spec.workdir !== undefined && { work_dir: spec.workdir }),
    ...(spec.user !== undefined && { user: spec.user }),
    ...network(spec),
    ...(spec.ports.length > 0 && { portmappings: spec.ports.map(portMapping) }),
    ...(spec.volumes.length > 0 && { mounts: spec.volumes.map(bindMount) }),
    ...(ulimits.length > 0 && { r_limits: ulimits }),
    ...resourceLimits(memoryLimit ? spec.memoryMiB : undefined, cpuLimit ? spec.vcpus : undefined),
  };
}

/** Whether the network is one that has a name, and must exist before a container is made. */
export function isNamedNetwork(network: string): boolean {
  return !specialNetworks.has(network);
}

const specialNetworks = new Set(["host", "none", "bridge", "slirp4netns", "pasta"]);
const withoutPorts = new Set(["host", "none"]);

function network({ name, network, hostname, ports }: WorkloadSpec): Record<string, unknown> {
  if (ports.length > 0 && withoutPorts.has(network)) {
    throw new Problem(
      "runtime_unsupported",
      `${name} wants ports on the network ${network}, which publishes none`,
      'take the ports out of its definition, or set network = "mcpnet"',
    );
  }
  if (!isNamedNetwork(network)) return { netns: { nsmode: network } };
  return { netns: { nsmode: "bridge" }, networks: { [network]: { aliases: [hostname] } } };
}

/** Podman takes `0.0.0.0` for one address like any other: it listens there, and hands nothing on to the container. */
function portMapping({ address, host, guest, protocol }: PortMapping): Record<string, unknown> {
  return { host_ip: canonicalAddress(address), host_port: host, container_port: guest, protocol };
}

function bindMount({ host, guest, readOnly, relabel }: VolumeMount): Record<string, unknown> {
  const options = ["rbind", readOnly ? "ro" : "rw", ...(relabel ? ["Z"] : [])];
  return { type: "bind", source: host, destination: guest, options };
}

function resourceLimits(memoryMiB: number | undefined, vcpus: number | undefined): Record<string, unknown> {
  if (memoryMiB === undefined && vcpus === undefined) return {};
  return {
    resource_limits: {
      ...(memoryMiB !== undefined && { memory: { limit: memoryMiB * mebibyte } }),
      ...(vcpus !== undefined && {
        cpu: { quota: Math.round(vcpus * cpuPeriodUs), period: cpuPeriodUs },
      }),
    },
  };
}
