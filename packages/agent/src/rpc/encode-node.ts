import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NetworkSchema, NodeInfoSchema } from "@mcp/proto";
import type { BootStatus } from "../boot/boot-status.ts";
import type { NetworkStatus } from "../queries/network-status.ts";
import type { NodeStatus } from "../queries/node-status.ts";
import { int64, stamp } from "./encode.ts";
import { encodeBoot } from "./encode-boot.ts";

export function encodeNode(node: NodeStatus, boot: BootStatus): MessageInitShape<typeof NodeInfoSchema> {
  const { cpuBusy, promised, capacity, containerLimits, network } = node;
  return {
    name: node.name,
    agentVersion: node.version,
    bootId: node.bootId,
    os: node.os,
    cpus: node.cpus,
    ...(cpuBusy !== undefined && { cpuBusy }),
    load1m: node.load1m,
    load5m: node.load5m,
    load15m: node.load15m,
    memoryTotalBytes: int64(node.memoryTotalBytes),
    memoryAvailableBytes: int64(node.memoryAvailableBytes),
    agentMemoryBytes: int64(node.agentMemoryBytes),
    disks: node.disks.map(({ use, path, totalBytes, availableBytes }) => ({
      use,
      path,
      totalBytes: int64(totalBytes),
      availableBytes: int64(availableBytes),
    })),
    runtimes: node.runtimes.map(({ kinds, notes, cannot, accelerator, ...runtime }) => ({
      ...runtime,
      kinds: [...kinds],
      notes: [...notes],
      cannot: cannot.map(({ capability, why }) => ({ capability, why })),
      ...(accelerator && { accelerator: { name: accelerator.name, why: accelerator.why ?? "" } }),
    })),
    services: node.services,
    running: node.running,
    ...(capacity && {
      promised: {
        memoryMib: int64(promised.memoryMiB),
        memoryTotalMib: int64(capacity.memoryMiB),
        vcpus: promised.vcpus,
        vcpusTotal: capacity.vcpus,
        overheadMib: int64(promised.overheadMiB),
      },
    }),
    containerLimits: {
      memoryMib: int64(containerLimits.memoryMiB),
      limited: containerLimits.limited,
      unlimited: containerLimits.unlimited,
    },
    troubles: node.troubles.map(({ code, severity, title, text, hint }) => ({
      code,
      severity,
      title,
      text,
      hint,
    })),
    alertChannels: node.alertChannels.map(({ name, problem, waiting, lost, toldAtMs, failedAtMs }) => ({
      name,
      waiting,
      lost,
      ...(problem && { problem: { code: problem.code, message: problem.message, hint: problem.hint } }),
      ...stamp("toldAt", toldAtMs),
      ...stamp("lostAt", failedAtMs),
    })),
    ...(network && { network: encodeNetwork(network) }),
    ...encodeBoot(boot),
    ...stamp("agentStartedAt", node.startedAtMs),
    ...stamp("bootedAt", node.bootedAtMs),
  };
}

function encodeNetwork(network: NetworkStatus): MessageInitShape<typeof NetworkSchema> {
  const { status, addressesGiven, addressesTotal } = network;
  const { bridge, state, subnet = "", allowed, guests, why = "", hint = "" } = status;
  return {
    bridge,
    state,
    subnet,
    addressesGiven: int64(addressesGiven),
    addressesTotal: int64(addressesTotal),
    allowed: [...allowed],
    guests: guests.length,
    why,
    hint,
  };
}
