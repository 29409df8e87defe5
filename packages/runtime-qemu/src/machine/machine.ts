import type { PortMapping } from "@mcp/runtime";

/**
 * One QEMU process, complete and plain: `qemuArgv` writes it as arguments and decides nothing. Paths are absolute, or
 * relative to the machine's `run` folder, in which QEMU is started.
 */
export interface Machine {
  readonly program: string;
  readonly name: string;
  readonly model: "microvm" | "q35" | "pc";
  readonly accel: "kvm" | "tcg";
  readonly memoryMiB: number;
  readonly vcpus: number;
  /** Absent: it boots from its first disk. */
  readonly kernel?: { readonly path: string; readonly initrd: string; readonly commandLine: string };
  readonly disks: readonly Disk[];
  readonly network: MachineNetwork;
  /** Files that QEMU appends to: what the guest writes to its serial line. */
  readonly serial: string;
  /** Virtio-console ports, by the name that the guest finds them under. */
  readonly channels: readonly { readonly name: string; readonly file: string }[];
  readonly shares: readonly Share[];
  /** Unix sockets in the run folder on which QEMU speaks QMP: one for questions, one that is held for events. */
  readonly qmp: readonly string[];
  /** Whether the guest ends QEMU with a code by writing to port 0x501. */
  readonly hasDebugExit: boolean;
}

/** What the guest's network card is connected to. */
export type MachineNetwork =
  | {
      readonly by: "user";
      /** Forwarded to the guest by QEMU's user networking. */
      readonly ports: readonly PortMapping[];
      /** Whether the guest may connect out; else it reaches nothing but who connects to it. */
      readonly mayConnectOut: boolean;
    }
  /** A TAP device that is there and belongs to QEMU's user. As root, QEMU would make one that is missing, on no bridge. */
  | { readonly by: "tap"; readonly ifname: string; readonly mac: string };

export interface Disk {
  readonly path: string;
  readonly format: "raw" | "qcow2";
  readonly readOnly: boolean;
}

/** A folder of the host that the guest mounts by its tag. */
export type Share =
  | {
      readonly by: "virtiofs";
      readonly tag: string;
      readonly socket: string;
      readonly host: string;
      readonly readOnly: boolean;
    }
  | { readonly by: "9p"; readonly tag: string; readonly host: string; readonly readOnly: boolean };
