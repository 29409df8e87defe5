import { netmaskOf } from "@mcp/base";
import type { BridgeAttachment } from "@mcp/runtime";
import type { Program } from "./find-program.ts";

export interface OpsConfigInput {
  readonly program: Pick<Program, "path" | "argv" | "env" | "workdir">;
  /** Names at the root of the folder that ops is started in: all that lies below is taken along, under the same paths. */
  readonly names: readonly string[];
  /** By the tag that the machine gives a shared folder: where the guest mounts it. */
  readonly mounts: readonly { readonly tag: string; readonly path: string }[];
  /** Absent: QEMU's user networking, which gives it an address when it asks. */
  readonly attachment?: BridgeAttachment;
  /** What all of it has in bytes. */
  readonly bytes: number;
  readonly kernel?: string;
  readonly boot?: string;
}

/** Room for what the guest writes: its disk is as large as what was built, and no larger. */
const spareBytes = 64 * 1024 * 1024;
/** QEMU's user networking answers for it. */
const nameServer = "10.0.2.3";

/**
 * What `ops build -c` reads. Pure. `ManifestPassthrough` is written into the image's manifest as it is, and last: there the
 * program, its arguments with argv[0], its environment, its folder and its mounts are named as the image means them.
 */
export function opsConfig(input: OpsConfigInput): Readonly<Record<string, unknown>> {
  const { program, names, mounts, attachment, bytes, kernel, boot } = input;
  const mebibytes = Math.ceil((bytes * 1.1 + spareBytes) / 1024 ** 2);
  return {
    Dirs: names,
    NameServers: [attachment?.bridge.gateway ?? nameServer],
    BaseVolumeSz: `${mebibytes}m`,
    ...(kernel !== undefined && { Kernel: kernel }),
    ...(boot !== undefined && { Boot: boot }),
    ManifestPassthrough: {
      program: program.path,
      arguments: program.argv,
      // Whole: ops adds names of its own to what it is given otherwise, and a PWD that is not `cwd`.
      environment: program.env,
      cwd: program.workdir,
      // A guest that ends tells its exit code by it.
      debug_exit: "t",
      ...(attachment && staticAddress(attachment)),
      ...(mounts.length > 0 && {
        mounts: Object.fromEntries(mounts.map(({ tag, path }) => [`%${tag}`, path])),
      }),
    },
  };
}

/** Without these a guest asks for an address by DHCP, which nobody on the bridge answers. */
const staticAddress = ({ address, bridge }: BridgeAttachment) => ({
  ipaddr: address,
  netmask: netmaskOf(bridge.prefixLength),
  gateway: bridge.gateway,
});

/** By position: Nanos reads the tag of a shared folder as a number. */
export const mountTag = (index: number): string => String(index);
