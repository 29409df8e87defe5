import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { Problem } from "@mcp/base";
import type { Run } from "@mcp/host";
import { looksOf } from "../../looks.ts";
import type { GuestKernel } from "./kernel.ts";
import { loadOrder, parseModulesBuiltin, parseModulesDep } from "./modules-dep.ts";

/** What every guest needs, and what those with volumes need besides. */
const wanted = [
  "virtio_mmio",
  "virtio_blk",
  "virtio_console",
  "virtio_net",
  "squashfs",
  "overlay",
  "button",
  "evdev",
];
const wantedForShares = ["virtiofs"];

export interface ModuleFiles {
  /** Absolute paths, each after those that it needs. */
  readonly always: readonly string[];
  readonly forShares: readonly string[];
}

/** @throws Problem `runtime_unavailable` if the kernel has not all that guests need. */
export async function findModules({ path, modules }: GuestKernel): Promise<ModuleFiles> {
  const known = parseModulesDep(await readFile(join(modules, "modules.dep"), "utf8"));
  const builtIn = parseModulesBuiltin(
    await readFile(join(modules, "modules.builtin"), "utf8").catch(() => ""),
  );
  const always = loadOrder(wanted, known, builtIn);
  const all = loadOrder([...wanted, ...wantedForShares], known, builtIn);
  if (all.missing.length > 0) {
    throw new Problem(
      "runtime_unavailable",
      `the kernel ${path} lacks what guests need: ${all.missing.join(", ")}`,
      "use another: apt install linux-image-cloud-amd64, or set [vm.linux] kernel",
    );
  }
  const absolute = (file: string): string => join(modules, file);
  return {
    always: always.files.map(absolute),
    forShares: all.files.filter((file) => !always.files.includes(file)).map(absolute),
  };
}

/** The same, read again only when one of the kernel's lists of modules looks another. */
export class KnownModules {
  #known: { readonly looks: string; readonly files: ModuleFiles } | undefined;

  /** @throws Problem of `findModules`. */
  async of(kernel: GuestKernel): Promise<ModuleFiles> {
    const lists = ["modules.dep", "modules.builtin"].map((name) => join(kernel.modules, name));
    const each = await Promise.all(lists.map((list) => looksOf(list).catch(() => "none")));
    const looks = [kernel.modules, ...each].join("\n");
    if (this.#known?.looks !== looks) this.#known = { looks, files: await findModules(kernel) };
    return this.#known.files;
  }
}

/** A module as a guest's kernel loads it, whatever it is compressed with. */
export async function readModule(
  path: string,
  busybox: string,
  run: Run,
  signal: AbortSignal,
): Promise<Buffer> {
  return withoutSignature(await unpacked(path, busybox, run, signal));
}

const signatureMark = Buffer.from("~Module signature appended~\n");

/**
 * Without KVM a guest takes longer to check a module's signature than to load it, and the check proves nothing to it: all that it
 * boots was attested, modules included. Behind a module stand its signature, 12 bytes whose last four are that one's length,
 * and a mark.
 */
export function withoutSignature(module: Buffer): Buffer {
  const markAt = module.length - signatureMark.length;
  if (markAt < 12 || !module.subarray(markAt).equals(signatureMark)) return module;
  return module.subarray(0, Math.max(0, markAt - 12 - module.readUInt32BE(markAt - 4)));
}

async function unpacked(path: string, busybox: string, run: Run, signal: AbortSignal): Promise<Buffer> {
  const module = await unpack(path, busybox, run, signal);
  // A kernel that is given anything else hangs without a word.
  if (module.length >= 4 && module.readUInt32BE(0) === elfMagic) return module;
  throw new Problem(
    "runtime_unavailable",
    `${path} is no kernel module, or cannot be unpacked here`,
    "install the kernel's package again, or set [vm.linux] kernel to another one",
  );
}

const elfMagic = 0x7f454c46;

async function unpack(path: string, busybox: string, run: Run, signal: AbortSignal): Promise<Buffer> {
  const bytes = await readFile(path, { signal });
  if (path.endsWith(".gz")) return promisify(zlib.gunzip)(bytes);
  // Looked for here: it came with node 22.15.
  if (path.endsWith(".zst") && zlib.zstdDecompress) return promisify(zlib.zstdDecompress)(bytes);
  if (!path.endsWith(".xz")) return bytes;
  // Node has no xz, and what a program prints comes back as text: so as text it comes.
  const argv = [
    busybox,
    "sh",
    "-c",
    'set -o pipefail; "$1" unxz -c <"$2" | "$1" base64',
    "sh",
    busybox,
    path,
  ];
  const { stdout } = await run(argv, { timeoutMs: 30_000, signal });
  return Buffer.from(stdout, "base64");
}

/** `04-virtio_blk.ko`: so that a shell's `*` gives them in order. */
export const numbered = (index: number, path: string): string =>
  `${String(index).padStart(2, "0")}-${basename(path).replace(/\.(gz|xz|zst)$/, "")}`;
