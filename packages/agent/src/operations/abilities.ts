import { Problem } from "@mcp/base";
import type { Bridge, Capability, Probe, VolumeMount } from "@mcp/runtime";
import { type CompleteComponent, type HealthProbe, mistakeAt, type ServiceDefinition } from "@mcp/servicedef";
import { publishedPort } from "../health/endpoint.ts";
import { isVm } from "./network.ts";
import type { DefinitionText } from "./request.ts";

type Working = Extract<Probe, { ok: true }>;

/**
 * What a component asks for that its runtime cannot give on this host: refused where the component would not be what was
 * asked for, else said.
 *
 * @param mounts  its volumes as they will be mounted.
 * @param bridge  that it will be on.
 * @returns notes for the plan.
 * @throws Problem `runtime_unsupported`; `health_unreachable`; `definition_invalid` for less memory than it boots with.
 */
export function checkAbilities(
  component: CompleteComponent,
  mounts: readonly VolumeMount[],
  definition: ServiceDefinition,
  text: DefinitionText,
  probe: Working,
  bridge: Bridge | undefined,
): string[] {
  const { name, runtime, ports, health, memoryMiB, vcpus } = component;
  const { can, leastMemoryMiB = 0 } = probe;
  const index = definition.components.findIndex((written) => written.name === name);
  const written = definition.components[index];
  if (memoryMiB !== undefined && memoryMiB < leastMemoryMiB)
    throw mistakeAt(
      text.toml,
      text.file,
      ["components", index, "memory"],
      `is ${memoryMiB} MiB; a ${runtime} needs at least ${leastMemoryMiB} MiB to boot on this node`,
    );
  const must = (asked: boolean, ability: Capability | undefined, what: string, hint: string): void => {
    if (asked && ability && !ability.ok)
      throw new Problem("runtime_unsupported", `component ${name} ${what}: ${ability.why}`, hint);
  };
  const udp = ports.find(({ protocol }) => protocol === "udp");
  const ipv6 = ports.find(({ address }) => address.includes(":"));
  must(udp !== undefined, can.udpPorts, `cannot have the udp port ${udp?.host}`, seeNode);
  must(
    ipv6 !== undefined,
    can.ipv6Ports,
    `cannot have port ${ipv6?.host} on ${ipv6?.address}`,
    "give an IPv4 address, or none for all of them",
  );
  must(
    mounts.length > 0,
    can.volumes,
    `cannot mount ${mounts[0]?.host}`,
    "see what to install with: mcp node status; or do without, with volumes = []",
  );
  const readOnly = mounts.find((mount) => mount.readOnly);
  must(
    readOnly !== undefined,
    can.readOnlyVolumes,
    `cannot mount ${readOnly?.host} read-only`,
    'leave out :ro, put the files into the image, or choose another kind: runtime = "microvm"',
  );
  must(
    health?.probe.kind === "exec",
    can.exec,
    "cannot run its health check inside",
    "use http, tcp or grpc for health",
  );
  if (health && !(bridge && isVm(runtime))) checkReachable(name, health.probe, ports, can.ownAddresses);
  return [
    ...said(memoryMiB !== undefined, can.memoryLimit, `${name}: memory is not limited here`),
    ...said(vcpus !== undefined, can.cpuLimit, `${name}: vcpus are not limited here`),
    ...said(
      written?.network !== undefined,
      can.userNetworks,
      `${name}: the network ${written?.network} is not joined`,
    ),
    ...said(udp !== undefined, can.udpAnswers, `${name}: answers on the udp port ${udp?.host} go nowhere`),
  ];
}

/** Before anything is stopped for it: a check that can never pass would fail every deploy. */
export function checkReachable(
  component: string,
  probe: HealthProbe,
  ports: CompleteComponent["ports"],
  ownAddresses: Capability | undefined,
): void {
  if (probe.kind === "exec" || ownAddresses?.ok) return;
  const { port } = probe;
  if (typeof port === "number" && publishedPort(port, ports)) return;
  const key = probe.kind === "tcp" ? "health.tcp" : "health.port";
  const what = typeof port === "number" ? `port ${port}` : `the port of route ${port.route}`;
  const because = ownAddresses ? `: ${ownAddresses.why}` : "";
  throw new Problem(
    "health_unreachable",
    `the health check of ${component} (${key}) asks ${what}, which this node cannot reach${because}`,
    typeof port === "number"
      ? `publish it on this node, as with ports = ["127.0.0.1:${port}:${port}"]; or ask a port that is published`
      : "publish a port with ports = [...], and ask that",
  );
}

const seeNode = "see what this node can run, and how, with: mcp node status";

const said = (asked: boolean, ability: Capability | undefined, what: string): string[] =>
  asked && ability && !ability.ok ? [`${what}: ${ability.why}`] : [];
