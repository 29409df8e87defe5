import { isProblem } from "@mcp/base";
import type { Capabilities, Capability, Probe } from "@mcp/runtime";
import type { GuestImageBuilder } from "./guest/guest-image.ts";
import { opensForWriting } from "./guest/nanos/refuse-read-only.ts";
import type { Host } from "./host.ts";
import { type Remembered, remembered } from "./remembered.ts";
import { findVirtiofsd, sharesMissing } from "./vm/shares-here.ts";

/** What is known of a kind for a while, or why it cannot run. */
export type KindFacts =
  | { readonly ok: true; readonly version: string; readonly can: Capabilities }
  | Extract<Probe, { ok: false }>;

export async function findKindFacts(
  builder: Pick<GuestImageBuilder, "kind" | "probe">,
  mayConnectOut: boolean,
  signal: AbortSignal,
): Promise<KindFacts> {
  const built = await builder.probe(signal);
  return built.ok ? { ...built, can: await capabilitiesOf(builder, mayConnectOut, signal) } : built;
}

/** Whether guests of this builder can run here; each reason why not with what to do about it. */
export async function probeKind(
  builder: Pick<GuestImageBuilder, "leastMemoryMiB">,
  kindFacts: Remembered<KindFacts>,
  host: Pick<Host, "facts" | "store">,
  signal: AbortSignal,
): Promise<Probe> {
  signal.throwIfAborted();
  try {
    const kind = await kindFacts(signal);
    if (!kind.ok) return kind;
    const { qemu, user, accel } = await host.facts(signal);
    const how =
      accel.accel === "kvm"
        ? "kvm"
        : `tcg, many times slower than kvm${accel.insteadOfKvm ? `: ${accel.insteadOfKvm.why}` : ""}`;
    return {
      ok: true,
      version: `QEMU ${qemu.version}, ${kind.version}`,
      store: await host.store(),
      can: kind.can,
      accelerator: {
        name: accel.accel,
        ...(accel.accel === "tcg" && accel.insteadOfKvm && { why: accel.insteadOfKvm.why }),
      },
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

/** To try it makes a mount namespace, whose end takes the kernel 20 ms and more; who may make one seldom changes. */
const sharesTried = remembered<Capability>(tryShares, { goodForMs: 10 * 60_000 });

async function canShare(signal: AbortSignal): Promise<Capability> {
  return (await findVirtiofsd()) === undefined ? tryShares(signal) : sharesTried(signal);
}

async function tryShares(signal: AbortSignal): Promise<Capability> {
  const why = await sharesMissing(signal);
  return why === undefined ? yes : { ok: false, why };
}

async function capabilitiesOf(
  { kind }: Pick<GuestImageBuilder, "kind">,
  mayConnectOut: boolean,
  signal: AbortSignal,
): Promise<Capabilities> {
  const shares = kind === "unikernel" ? yes : await canShare(signal);
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
    udpAnswers: mayConnectOut
      ? yes
      : {
          ok: false,
          // As it is set, and set so by default.
          byNature: true,
          why: "QEMU drops those of guests that may not connect out ([vm] user_net_outbound)",
        },
    volumes: shares,
    ...(kind === "unikernel" && { readOnlyVolumes: { ok: false, byNature: true, why: opensForWriting } }),
    userNetworks: {
      ok: false,
      byNature: true,
      why: "a virtual machine has a network of its own, from which only its ports are forwarded",
    },
    ownAddresses: {
      ok: false,
      byNature: true,
      why: "QEMU's user networking gives a virtual machine no address that this host reaches",
    },
    ipv6Ports: { ok: false, byNature: true, why: "QEMU's user networking forwards only from IPv4 addresses" },
  };
}
