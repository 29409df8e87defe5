import { isProblem } from "@mcp/base";
import type { Capabilities, Probe } from "@mcp/runtime";
import type { GuestImageBuilder } from "./guest/guest-image.ts";
import type { Host } from "./host.ts";
import { sharesMissing } from "./vm/shares-here.ts";

/** Whether guests of this builder can run here; each reason why not with what to do about it. */
export async function probeKind(builder: GuestImageBuilder, host: Host, signal: AbortSignal): Promise<Probe> {
  signal.throwIfAborted();
  try {
    const built = await builder.probe(signal);
    if (!built.ok) return built;
    const { qemu, user, accel, store } = await host.facts(signal);
    const how =
      accel.accel === "kvm"
        ? "kvm"
        : `tcg, many times slower than kvm${accel.insteadOfKvm ? `: ${accel.insteadOfKvm.why}` : ""}`;
    return {
      ok: true,
      version: `QEMU ${qemu.version}, ${built.version}`,
      store,
      can: await capabilitiesOf(builder, signal),
      notes: [how, ...(user ? [`runs as ${user.name}`] : [])],
      leastMemoryMiB: builder.leastMemoryMiB,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!isProblem(error)) throw error;
    return { ok: false, why: error.message, hint: error.hint };
  }
}

const yes = { ok: true } as const;

async function capabilitiesOf({ kind }: GuestImageBuilder, signal: AbortSignal): Promise<Capabilities> {
  const noVolumes = kind === "unikernel" ? undefined : await sharesMissing(signal);
  return {
    exec: {
      ok: false,
      byNature: true,
      why: "there is no way into a virtual machine, and maybe no shell in it",
    },
    stats: yes,
    memoryLimit: yes,
    cpuLimit: yes,
    udpPorts: yes,
    volumes: noVolumes === undefined ? yes : { ok: false, why: noVolumes },
    userNetworks: {
      ok: false,
      byNature: true,
      why: "a virtual machine has a network of its own, from which only its ports are forwarded",
    },
    ipv6Ports: { ok: false, byNature: true, why: "QEMU's user networking forwards only from IPv4 addresses" },
  };
}
