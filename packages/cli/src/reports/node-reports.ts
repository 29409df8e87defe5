import type { CheckJson, DoctorResponseJson, NodeInfoJson } from "@mcp/client";
import { type AlertChannelReport, alertChannelReport } from "./alert-channel-report.ts";
import { type BootReport, bootReport } from "./boot-report.ts";
import { type NetworkReport, networkReport } from "./network-report.ts";
import { numberOf, orNull, wordOf } from "./words.ts";

export interface NodeReport {
  readonly name: string;
  readonly agentVersion: string;
  readonly agentStartedAt: string | null;
  readonly bootedAt: string | null;
  readonly bootId: string;
  readonly os: string;
  readonly cpus: number;
  /** From 0 to 1, of all of them, over the last seconds; null: not known yet. */
  readonly cpuBusy: number | null;
  /** Over the last minute. */
  readonly load: number;
  /** Over the last 5 minutes, and the last 15. */
  readonly load5m: number;
  readonly load15m: number;
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  readonly agentMemoryBytes: number;
  readonly services: number;
  /** Instances. */
  readonly running: number;
  /** To virtual machines that should run, of what there is for all of them; null where nothing limits it. */
  readonly promised: PromisedReport | null;
  /** Of containers that should run; null from an agent that does not tell. */
  readonly containerLimits: ContainerLimitsReport | null;
  /** What is wrong with the machine at present. */
  readonly troubles: readonly TroubleReport[];
  /** How people are told of it. */
  readonly alertChannels: readonly AlertChannelReport[];
  /** Of virtual machines; null from an agent that has none. */
  readonly network: NetworkReport | null;
  /** Null once the boot sequence is done, and where there is none. */
  readonly boot: BootReport | null;
  /** What of the agent's config does not agree with this node. */
  readonly notes: readonly string[];
  readonly disks: readonly DiskReport[];
  readonly runtimes: readonly RuntimeReport[];
}

export interface ContainerLimitsReport {
  /** The sum of those that are limited. */
  readonly memoryMiB: number;
  readonly limited: number;
  readonly unlimited: number;
}

export interface TroubleReport {
  /** `disk_filling`, `memory_low`, `database_unwritable`, `network_failing`. */
  readonly code: string;
  /** `warning`, `critical`. */
  readonly severity: string;
  readonly title: string;
  readonly text: string;
  /** What to type. */
  readonly hint: string;
}

export interface PromisedReport {
  /** What their guests see. */
  readonly memoryMiB: number;
  /** What QEMU itself takes for them, on top of that. */
  readonly overheadMiB: number;
  readonly memoryTotalMiB: number;
  readonly vcpus: number;
  /** More than there are cores. */
  readonly vcpusTotal: number;
}

export interface DiskReport {
  /** What of mcp's lies there. */
  readonly use: string;
  readonly path: string;
  readonly totalBytes: number;
  readonly availableBytes: number;
}

export interface RuntimeReport {
  readonly kinds: readonly string[];
  readonly ok: boolean;
  readonly version: string;
  readonly store: string;
  readonly notes: readonly string[];
  /** How the processors of its virtual machines are made: `kvm`, or `tcg` and why; null where it makes none. */
  readonly accelerator: { readonly name: string; readonly why: string } | null;
  readonly cannot: readonly { readonly capability: string; readonly why: string }[];
  /** Why it is not there, and what to do about it; empty if it is. */
  readonly why: string;
  readonly hint: string;
}

export function nodeReport(node: NodeInfoJson): NodeReport {
  return {
    name: node.name ?? "",
    agentVersion: node.agentVersion ?? "",
    agentStartedAt: orNull(node.agentStartedAt),
    bootedAt: orNull(node.bootedAt),
    bootId: node.bootId ?? "",
    boot: bootReport(node.boot),
    notes: node.notes ?? [],
    os: node.os ?? "",
    cpus: node.cpus ?? 0,
    cpuBusy: node.cpuBusy === undefined ? null : Number(node.cpuBusy),
    load: Number(node.load1m ?? 0),
    load5m: Number(node.load5m ?? 0),
    load15m: Number(node.load15m ?? 0),
    memoryTotalBytes: numberOf(node.memoryTotalBytes),
    memoryAvailableBytes: numberOf(node.memoryAvailableBytes),
    agentMemoryBytes: numberOf(node.agentMemoryBytes),
    services: node.services ?? 0,
    running: node.running ?? 0,
    promised: node.promised
      ? {
          memoryMiB: numberOf(node.promised.memoryMib),
          overheadMiB: numberOf(node.promised.overheadMib),
          memoryTotalMiB: numberOf(node.promised.memoryTotalMib),
          vcpus: node.promised.vcpus ?? 0,
          vcpusTotal: node.promised.vcpusTotal ?? 0,
        }
      : null,
    containerLimits: node.containerLimits
      ? {
          memoryMiB: numberOf(node.containerLimits.memoryMib),
          limited: node.containerLimits.limited ?? 0,
          unlimited: node.containerLimits.unlimited ?? 0,
        }
      : null,
    troubles: (node.troubles ?? []).map(({ code = "", severity = "", title = "", text = "", hint = "" }) => ({
      code,
      severity,
      title,
      text,
      hint,
    })),
    alertChannels: (node.alertChannels ?? []).map(alertChannelReport),
    network: node.network ? networkReport(node.network) : null,
    disks: (node.disks ?? []).map(({ use = "", path = "", totalBytes, availableBytes }) => ({
      use,
      path,
      totalBytes: numberOf(totalBytes),
      availableBytes: numberOf(availableBytes),
    })),
    runtimes: (node.runtimes ?? []).map((runtime) => ({
      kinds: runtime.kinds ?? [],
      ok: runtime.ok ?? false,
      version: runtime.version ?? "",
      store: runtime.store ?? "",
      notes: runtime.notes ?? [],
      accelerator: runtime.accelerator
        ? { name: runtime.accelerator.name ?? "", why: runtime.accelerator.why ?? "" }
        : null,
      cannot: (runtime.cannot ?? []).map(({ capability = "", why = "" }) => ({ capability, why })),
      why: runtime.why ?? "",
      hint: runtime.hint ?? "",
    })),
  };
}

export interface NodeListReport {
  readonly nodes: readonly {
    readonly name: string;
    readonly address: string;
    /** Used where neither `--node` nor a definition names another. */
    readonly isDefault: boolean;
  }[];
}

export interface DoctorReport {
  readonly checks: readonly CheckReport[];
}

export interface CheckReport {
  readonly name: string;
  /** `ok`, `warning`, `failed`. */
  readonly outcome: string;
  readonly text: string;
  /** What to type; empty when all is well. */
  readonly hint: string;
}

export const doctorReport = ({ checks = [] }: DoctorResponseJson): DoctorReport => ({
  checks: checks.map(({ name = "", outcome, text = "", hint = "" }: CheckJson) => ({
    name,
    outcome: wordOf(outcome, "OUTCOME_"),
    text,
    hint,
  })),
});
