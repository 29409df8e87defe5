import {
  labelsFromRecord,
  type PortMapping,
  type Stranger,
  type Workload,
  type WorkloadExit,
  type WorkloadState,
} from "@mcp/runtime";
import { imageLabel, imageNameOf } from "./image-label.ts";
import type { InspectedContainer, ListedContainer, ListedPort } from "./shapes.ts";

/** Undefined for a container that is not ours. Whether an exit was for lack of memory, a list cannot tell. */
export function fromListed(container: ListedContainer): Workload | undefined {
  return toWorkload({
    name: container.Names[0] ?? "",
    labels: container.Labels ?? {},
    image: container.Image,
    status: container.State,
    pid: container.Pid,
    exitCode: container.ExitCode,
    outOfMemory: false,
    startedAtS: container.StartedAt,
    exitedAtS: container.ExitedAt,
    ports: (container.Ports ?? []).flatMap(listedPorts),
  });
}

/** Undefined for a container that is not ours. */
export function fromInspected(container: InspectedContainer): Workload | undefined {
  const { State, HostConfig } = container;
  return toWorkload({
    name: container.Name,
    labels: container.Config.Labels ?? {},
    image: container.ImageName,
    status: State.Status,
    pid: State.Pid,
    exitCode: State.ExitCode,
    outOfMemory: State.OOMKilled,
    startedAtS: wholeSeconds(State.StartedAt),
    exitedAtS: wholeSeconds(State.FinishedAt),
    ports: Object.entries(HostConfig.PortBindings ?? {}).flatMap(boundPorts),
  });
}

/** On its networks, if it has one there; only without `rootless` does the host reach it. */
export function ownAddress({ State, NetworkSettings }: InspectedContainer): string | undefined {
  if (stateOf(State.Status) !== "running") return undefined;
  const networks = Object.values(NetworkSettings?.Networks ?? {});
  return networks.map(({ IPAddress = "" }) => IPAddress).find((address) => address !== "");
}

/** Undefined for a container that is ours. */
export function strangerFrom(container: ListedContainer): Stranger | undefined {
  if (labelsFromRecord(container.Labels ?? {})) return undefined;
  return {
    name: container.Names[0] ?? container.Id.slice(0, 12),
    what: "container",
    state: stateOf(container.State),
    imageReference: container.Image,
  };
}

/** What list and inspect both tell. Times in whole seconds, since a list has no better, and the two must agree. */
interface Facts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly status: string;
  readonly pid: number;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  readonly startedAtS: number;
  readonly exitedAtS: number;
  readonly ports: readonly PortMapping[];
}

function toWorkload(facts: Facts): Workload | undefined {
  const labels = labelsFromRecord(facts.labels);
  if (!labels) return undefined;
  const hasRun = facts.startedAtS > 0;
  const shown = stateOf(facts.status);
  // Older versions show everything as created after the machine went down.
  const state = shown === "created" && hasRun ? "exited" : shown;
  return {
    name: facts.name,
    kind: "container",
    labels,
    state,
    ...imageNameOf(facts.labels[imageLabel], facts.image),
    ports: [...facts.ports].sort(byPort),
    ...(isUp(state) && facts.pid > 0 && { pid: facts.pid }),
    ...(hasRun && { startedAtMs: facts.startedAtS * 1_000 }),
    ...(state === "exited" && { exit: exitOf(facts) }),
  };
}

function stateOf(status: string): WorkloadState {
  switch (status) {
    case "created":
    case "configured":
    // Ready, and its program was not begun: for ever so, if whoever was about to start it was killed.
    case "initialized":
      return "created";
    case "running":
    case "paused":
      return "running";
    case "stopped":
    case "exited":
      return "exited";
    default:
      // `stopping`, `removing`, and `unknown`: on the way somewhere; nobody should act on it yet.
      return "stopping";
  }
}

const isUp = (state: WorkloadState): boolean => state === "running" || state === "stopping";

function exitOf({ status, exitCode, outOfMemory, startedAtS, exitedAtS }: Facts): WorkloadExit {
  // A machine that went down took the exit with it: podman then shows that of an earlier run, or none.
  if (exitedAtS < startedAtS) return { atMs: startedAtS * 1_000, reason: "unknown" };
  const atMs = exitedAtS * 1_000;
  // What is made ready for its next run has lost the code of the one before.
  if (exitCode < 0 || status === "initialized") return { atMs, reason: "unknown" };
  if (outOfMemory) return { atMs, code: exitCode, reason: "out-of-memory" };
  return { atMs, code: exitCode, reason: exitCode > 128 && exitCode <= 192 ? "signal" : "exited" };
}

/** Whether it was made and never started. */
export function neverRan({ State }: InspectedContainer): boolean {
  return stateOf(State.Status) === "created" && wholeSeconds(State.StartedAt) <= 0;
}

function wholeSeconds(time: string): number {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1_000);
}

function listedPorts(port: ListedPort): PortMapping[] {
  const count = Math.max(1, port.range);
  return Array.from({ length: count }, (_, index) => index).flatMap((index) =>
    port.protocol
      .split(",")
      .filter(isProtocol)
      .map((protocol) => ({
        address: anyAddress(port.host_ip),
        host: port.host_port + index,
        guest: port.container_port + index,
        protocol,
      })),
  );
}

function boundPorts([guest, bindings]: [
  string,
  readonly { HostIp: string; HostPort: string }[] | null,
]): PortMapping[] {
  const [port, protocol = "tcp"] = guest.split("/");
  if (!isProtocol(protocol)) return [];
  return (bindings ?? []).map(({ HostIp, HostPort }) => ({
    address: anyAddress(HostIp),
    host: Number(HostPort),
    guest: Number(port),
    protocol,
  }));
}

const isProtocol = (protocol: string): protocol is PortMapping["protocol"] =>
  protocol === "tcp" || protocol === "udp";

/** Newer versions show `0.0.0.0` where none was given. */
const anyAddress = (address: string): string => (address === "0.0.0.0" ? "" : address);

function byPort(a: PortMapping, b: PortMapping): number {
  return a.host - b.host || a.guest - b.guest || a.protocol.localeCompare(b.protocol);
}
