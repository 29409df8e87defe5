import { Problem } from "@mcp/base";
import type { PortMapping } from "@mcp/runtime";
import type { Disk, Machine, MachineNetwork, Share } from "./machine.ts";
import { optionText } from "./option-text.ts";

/**
 * QEMU's program and arguments for a machine. Pure: the same machine gives the same arguments. Whatever a path holds,
 * it stays one value: block devices and devices are given as JSON, and the options that know no JSON are escaped.
 *
 * Nothing that was not asked for is there: no default devices, no user's config, no display, no monitor, no reboot. QEMU
 * denies itself what it does not need of the kernel (`-sandbox`).
 *
 * @throws Problem `runtime_unsupported` for a port on an IPv6 address, which QEMU's user networking cannot forward from.
 */
export function qemuArgv(machine: Machine): readonly string[] {
  const { program, name, kernel, memoryMiB, vcpus, disks, shares, qmp, channels } = machine;
  return [
    program,
    ...["-name", optionText("", { guest: name })],
    ...["-nodefaults", "-no-user-config", "-no-reboot"],
    ...["-display", "none", "-monitor", "none"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-machine", machineModel(machine)],
    // Else microvm's devices speak virtio as before its first standard, which some guests and devices do not know.
    ...(machine.model === "microvm" ? ["-global", "virtio-mmio.force-legacy=false"] : []),
    ...["-accel", machine.accel === "tcg" ? tcg : machine.accel],
    ...["-cpu", cpuModel[machine.accel]],
    ...["-m", `${memoryMiB}M`],
    ...["-smp", `${vcpus}`],
    ...sharedMemory(machine),
    ...(kernel ? ["-kernel", kernel.path, "-initrd", kernel.initrd, "-append", kernel.commandLine] : []),
    ...disks.flatMap((disk, index) => diskArgv(machine, disk, index)),
    ...networkArgv(machine),
    ...appendingFile("serial", machine.serial),
    ...["-serial", "chardev:serial"],
    ...channelArgv(machine, channels),
    ...shares.flatMap((share, index) => shareArgv(machine, share, index)),
    ...(machine.hasDebugExit ? device("isa-debug-exit", { iobase: 0x501, iosize: 2 }) : []),
    ...qmp.flatMap(qmpArgv),
  ];
}

/**
 * Unless it is told otherwise, TCG keeps up to 1 GiB of translated code for each machine: a program that makes code as it
 * runs fills that sooner or later. With 64 MiB it was no slower. What a machine is promised counts on it.
 */
const tcg = "tcg,tb-size=64";

/**
 * `microvm` keeps ACPI, since stock kernels find its virtio devices and the power button by it alone; its RTC, without
 * which a kernel hangs under TCG; and its PIT and PIC, since leaving them out saved no time.
 */
const modelOptions: Readonly<Record<Machine["model"], Readonly<Record<string, boolean>>>> = {
  microvm: { acpi: true, pcie: false, usb: false, "x-option-roms": false, "auto-kernel-cmdline": false },
  q35: { usb: false, sata: false, smbus: false, vmport: false },
  pc: { usb: false, smbus: false, vmport: false },
};

/**
 * TCG says that its strings of bytes are fast (ERMS, FSRM), and runs them byte by byte: a Linux that believes it clears each page
 * so, which is a fifth of the instructions of a boot.
 */
const cpuModel: Readonly<Record<Machine["accel"], string>> = {
  kvm: "host",
  tcg: "max,erms=off,fsrm=off",
};

function machineModel({ model, shares }: Machine): string {
  const backend = needsSharedMemory(shares) ? { "memory-backend": "ram" } : {};
  return optionText(model, { ...modelOptions[model], "dump-guest-core": false, ...backend });
}

/** Virtiofs daemons read and write the guest's memory itself. */
const needsSharedMemory = (shares: readonly Share[]): boolean => shares.some(({ by }) => by === "virtiofs");

const sharedMemory = ({ shares, memoryMiB }: Machine): readonly string[] =>
  needsSharedMemory(shares)
    ? [
        "-object",
        JSON.stringify({
          "qom-type": "memory-backend-memfd",
          id: "ram",
          size: memoryMiB * 2 ** 20,
          share: true,
        }),
      ]
    : [];

function diskArgv(machine: Machine, { path, format, readOnly }: Disk, index: number): readonly string[] {
  const blockdev = {
    driver: format,
    "node-name": `disk${index}`,
    "read-only": readOnly,
    file: { driver: "file", filename: path, "read-only": readOnly },
  };
  return [
    "-blockdev",
    JSON.stringify(blockdev),
    ...virtio(machine, "virtio-blk", { drive: `disk${index}`, ...(!machine.kernel && { bootindex: index }) }),
  ];
}

function networkArgv(machine: Machine): readonly string[] {
  const { network } = machine;
  // Its ROM is for booting over the network, and would be read from a file.
  const noRom = machine.model === "microvm" ? {} : { romfile: "" };
  const mac = network.by === "tap" ? { mac: network.mac } : {};
  return ["-netdev", netdev(network), ...virtio(machine, "virtio-net", { netdev: "net", ...mac, ...noRom })];
}

/** The scripts are what would bridge the device, which is done already; `vhost=off`, since that would take the packets past QEMU's sandbox into the kernel. */
function netdev(network: MachineNetwork): string {
  if (network.by === "tap") {
    const { ifname } = network;
    return optionText("tap", { id: "net", ifname, script: "no", downscript: "no", vhost: false });
  }
  return [
    optionText("user", { id: "net", ipv6: false, restrict: !network.mayConnectOut }),
    ...network.ports.map((port) => `hostfwd=${forwarding(port)}`),
  ].join(",");
}

function forwarding({ protocol, address, host, guest }: PortMapping): string {
  if (address !== "" && !/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    throw new Problem(
      "runtime_unsupported",
      `port ${address}:${host} is on an address from which QEMU's user networking cannot forward`,
      "give an IPv4 address, or none for all of them",
    );
  }
  return `${protocol}:${address}:${host}-10.0.2.15:${guest}`;
}

function channelArgv(machine: Machine, channels: Machine["channels"]): readonly string[] {
  if (channels.length === 0) return [];
  return [
    ...virtio(machine, "virtio-serial", { id: "channels" }),
    ...channels.flatMap(({ name, file }, index) => [
      ...appendingFile(`channel${index}`, file),
      // Port 0 is kept for a console.
      ...device("virtserialport", { bus: "channels.0", nr: index + 1, name, chardev: `channel${index}` }),
    ]),
  ];
}

function shareArgv(machine: Machine, share: Share, index: number): readonly string[] {
  const id = `share${index}`;
  if (share.by === "virtiofs") {
    return [
      ...["-chardev", optionText("socket", { id, path: share.socket })],
      ...virtio(machine, "vhost-user-fs", { chardev: id, tag: share.tag }),
    ];
  }
  const folder = {
    id,
    path: share.host,
    security_model: "none",
    multidevs: "remap",
    readonly: share.readOnly,
  };
  return [
    ...["-fsdev", optionText("local", folder)],
    ...virtio(machine, "virtio-9p", { fsdev: id, mount_tag: share.tag }),
  ];
}

/** `wait=off`: QEMU runs whether or not anybody listens, and again when whoever did has gone. */
const qmpArgv = (socket: string, index: number): readonly string[] => [
  ...["-chardev", optionText("socket", { id: `qmp${index}`, path: socket, server: true, wait: false })],
  ...["-mon", `chardev=qmp${index},mode=control`],
];

/** Appending, so that what shortens the file need not tell QEMU. */
const appendingFile = (id: string, path: string): readonly string[] => [
  "-chardev",
  optionText("file", { id, path, append: true }),
];

const virtio = ({ model }: Machine, name: string, properties: Readonly<Record<string, unknown>>) =>
  device(`${name}-${model === "microvm" ? "device" : "pci"}`, properties);

const device = (driver: string, properties: Readonly<Record<string, unknown>>): readonly string[] => [
  "-device",
  JSON.stringify({ driver, ...properties }),
];
