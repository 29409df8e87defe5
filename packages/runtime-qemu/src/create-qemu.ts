import { join } from "node:path";
import type { Clock } from "@mcp/base";
import { bootId, type Logger, type Run, run as runProgram } from "@mcp/host";
import type { GuestNetwork, ImageSource, Runtime } from "@mcp/runtime";
import type { QemuUser } from "./confinement/qemu-user.ts";
import { Room } from "./doctor/find-room.ts";
import { checkHost, type VmCheck } from "./doctor/vm-checks.ts";
import type { GuestImageBuilder } from "./guest/guest-image.ts";
import { ImageCache } from "./guest/image-cache.ts";
import { createLinuxBuilder } from "./guest/linux/linux-builder.ts";
import { createNanosBuilder } from "./guest/nanos/nanos-builder.ts";
import { Host } from "./host.ts";
import { createGuestNetwork, type GuestNetworkOptions } from "./network/guest-network.ts";
import { findKindFacts, probeKind } from "./probe.ts";
import { QemuRuntime } from "./qemu-runtime.ts";
import { remembered } from "./remembered.ts";
import { Attendance } from "./vm/attendance.ts";
import { livingGuests, runningGuests } from "./vm/living-guests.ts";
import { stateStore } from "./vm/state-store.ts";

export interface QemuOptions {
  /** One folder per virtual machine, and what is remembered of this host. Made if missing. */
  readonly stateDir: string;
  /** The guest images, by their content. Made if missing. */
  readonly imageDir: string;
  /** Where OCI images come from, such as `@mcp/runtime-podman`'s. */
  readonly images: ImageSource;
  /** `auto` proves KVM by running a tiny guest, and falls back to TCG. Default `auto`. */
  readonly accel?: "auto" | "kvm" | "tcg";
  /** Whom QEMU runs as where this process is root, which needs one: QEMU never runs as root. */
  readonly user?: string;
  /** Whether guests may connect out; else only their forwarded ports work. Default false. */
  readonly mayConnectOut?: boolean;
  /**
   * Of microVMs: the kernel and the folder of its modules, by default the newest cloud kernel of this host; a static
   * busybox, by default the one on the PATH.
   */
  readonly linux?: { readonly kernel?: string; readonly modules?: string; readonly busybox?: string };
  /** Of unikernels: `ops`, Nanos' kernel and boot image. Default: `ops` on the PATH, and what its release brings. */
  readonly nanos?: { readonly ops?: string; readonly kernel?: string; readonly boot?: string };
  /**
   * The bridge that virtual machines with an attachment are on, and what they may reach. Absent: there is none, and only those
   * that are on one from before are looked after.
   */
  readonly network?: Pick<GuestNetworkOptions, "bridge" | "isNamed" | "allow">;
  /** How long a guest may take to come up, in milliseconds. Default 60 000. */
  readonly readyWithinMs?: number;
  /** For tests: awaited between any two effects, with its name and the instance's. */
  readonly faultPoint?: (where: string, name: string) => Promise<void>;
  readonly run?: Run;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Qemu {
  /** One for each kind: a host may be able to run one and not the other. */
  readonly microvm: Runtime;
  readonly unikernel: Runtime;
  /** The isolated bridge of this host, for those virtual machines. */
  readonly network: GuestNetwork;
  /** What virtual machines need of this host, one by one, for a doctor. */
  checks(signal: AbortSignal): Promise<readonly VmCheck[]>;
  /** Stop looking after the virtual machines, which go on. */
  close(): Promise<void>;
}

/**
 * Virtual machines of this host, made from OCI images. Nothing is started, and nothing asked, before the first call.
 *
 * @example const { microvm, close } = createQemu({ stateDir, imageDir, images, user: "nobody", clock: realClock, log });
 */
export function createQemu(options: QemuOptions): Qemu {
  const { stateDir, imageDir, images, clock, log, run = runProgram } = options;
  const { mayConnectOut = false, readyWithinMs = 60_000 } = options;
  const host = new Host({
    stateDir,
    imageDir,
    accel: options.accel ?? "auto",
    user: options.user ?? "",
    run,
  });
  const room = new Room(clock);
  const attendance = new Attendance(stateDir, clock, log, () => network.wake());
  const network = createGuestNetwork({
    ...(options.network ?? { bridge: "" }),
    store: () => stateStore(stateDir),
    living: () => livingGuests(stateDir, attendance, bootId),
    running: () => runningGuests(stateDir, bootId),
    ...{ run, clock, log },
  });
  const builders = {
    microvm: createLinuxBuilder({
      ...withoutEmpty(options.linux),
      kernelDir: join(imageDir, ".kernels"),
      clock,
      log,
      run,
    }),
    unikernel: createNanosBuilder({
      ...withoutEmpty(options.nanos),
      opsHome: join(imageDir, ".ops"),
      clock,
      log,
      run,
    }),
  };
  // One for all who start: what two of them need at once is built, and hashed, once.
  const caches = new Map<number | undefined, ImageCache>();
  const cacheFor = (owner: QemuUser | undefined): ImageCache => {
    const cache = caches.get(owner?.uid) ?? new ImageCache({ dir: imageDir, ...(owner && { owner }), log });
    caches.set(owner?.uid, cache);
    return cache;
  };
  const runtimeOf = (kind: "microvm" | "unikernel", builder: GuestImageBuilder): Runtime => {
    const kindFacts = remembered((signal) => findKindFacts(builder, mayConnectOut, signal));
    return new QemuRuntime({
      kind,
      stateDir,
      attendance,
      network,
      clock,
      log,
      bootId,
      ...(options.faultPoint && { faultPoint: options.faultPoint }),
      probe: (signal) => probeKind(builder, kindFacts, host, signal),
      async bootDeps(signal) {
        const { qemu, user, accel } = await host.facts(signal);
        return {
          builder,
          cache: cacheFor(user),
          images,
          program: qemu.program,
          qemuUser: user,
          accel: accel.accel,
          kvmFailed: (state) =>
            host
              .kvmFailed(state, signal)
              .catch((error) => log.warn("that KVM failed is not remembered", { error: String(error) })),
          mayConnectOut,
          network,
          readyWithinMs,
          bootId: await bootId(),
          ...(options.faultPoint && { faultPoint: options.faultPoint }),
          clock,
          log,
        };
      },
    });
  };
  return {
    microvm: runtimeOf("microvm", builders.microvm),
    unikernel: runtimeOf("unikernel", builders.unikernel),
    network,
    async checks(signal) {
      const machines = checkHost(
        {
          host,
          stateDir,
          imageDir,
          accel: options.accel ?? "auto",
          user: options.user ?? "",
          kernel: withoutEmpty(options.linux),
          busybox: options.linux?.busybox || undefined,
          run,
          room,
        },
        signal,
      );
      return (await Promise.all([machines, network.checks(signal)])).flat();
    },
    async close() {
      try {
        await network.close();
      } finally {
        await attendance.close();
      }
    },
  };
}

/** In a config file, what is empty is not set. */
function withoutEmpty<T extends Readonly<Record<string, string | undefined>>>(
  values: T | undefined,
): Partial<T> {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value)) as Partial<T>;
}
