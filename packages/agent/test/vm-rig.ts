import { realClock } from "@mcp/host";
import { type FakeBehaviour, FakeHost } from "@mcp/runtime/fake";
import { openRig, type Rig, type RigOptions } from "./rig.ts";

export interface VmRig extends Rig {
  /** Runs microVMs, as `host` runs containers. */
  readonly vms: FakeHost;
  /** The same image for both: `localhost/hello:<tag>`. */
  addImage(tag: number, asVm?: FakeBehaviour, asContainer?: FakeBehaviour): void;
}

const cannot = (why: string) => ({ ok: false as const, byNature: true as const, why });

/** An agent with two backends, one for containers and one that can what QEMU can. */
export async function openVmRig(options: RigOptions = {}): Promise<VmRig> {
  const vms = new FakeHost({
    clock: realClock,
    kinds: ["microvm"],
    leastMemoryMiB: 96,
    ...(options.network && { network: options.network }),
    can: {
      exec: cannot("there is no way into a virtual machine"),
      userNetworks: cannot("a virtual machine has a network of its own"),
      ipv6Ports: cannot("QEMU forwards no IPv6"),
      readOnlyVolumes: cannot("it opens every file for writing"),
      udpAnswers: cannot("QEMU drops them"),
    },
  });
  const rig = await openRig({ ...options, vms });
  return Object.assign(rig, {
    vms,
    addImage(tag: number, asVm: FakeBehaviour = {}, asContainer: FakeBehaviour = {}) {
      // Each host counts its images, so that the same one has the same digest on both.
      rig.host.addImage(`localhost/hello:${tag}`, asContainer);
      vms.addImage(`localhost/hello:${tag}`, asVm);
    },
  });
}

/** A component that is a microVM. */
export const vm = (name: string, memoryMiB: number, tag = 1, ...more: readonly string[]): string =>
  [
    `name = "${name}"`,
    `image = "localhost/hello:${tag}"`,
    'runtime = "microvm"',
    `memory = ${memoryMiB}`,
    ...more,
  ].join("\n");
