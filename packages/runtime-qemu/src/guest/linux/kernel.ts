import { open, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface GuestKernel {
  /** As its modules are called: `6.1.0-56-cloud-amd64`. */
  readonly version: string;
  /** The bzImage. */
  readonly path: string;
  /** The folder with its `modules.dep`. */
  readonly modules: string;
}

export interface KernelPaths {
  /** A kernel, or a folder into which a package with one was unpacked; absent: the newest of this machine's. */
  readonly kernel?: string;
  /** The folder of its modules, or one with a folder per version; absent: where such a kernel has them. */
  readonly modules?: string;
}

export type FoundKernel = { readonly ok: true; readonly kernel: GuestKernel } | NoKernel;
export interface NoKernel {
  readonly ok: false;
  readonly why: string;
  readonly hint: string;
}

const hint =
  "install one: apt install linux-image-cloud-amd64, or name one in the agent's config: [vm.linux] kernel";

/** The kernel that guests boot: what is configured, else the newest that this machine has with its modules. */
export async function findKernel({ kernel, modules }: KernelPaths): Promise<FoundKernel> {
  const paths = kernel === undefined ? await kernelsBelow("/") : await kernelsAt(kernel);
  let first: NoKernel | undefined;
  for (const path of paths) {
    const found = await withModules(path, modules);
    if (found.ok) return found;
    first ??= found;
  }
  const why =
    kernel === undefined
      ? "this machine has no Linux kernel for guests in /boot"
      : `there is no kernel at ${kernel}`;
  return first ?? { ok: false, why, hint };
}

async function kernelsAt(path: string): Promise<readonly string[]> {
  const below = await kernelsBelow(path);
  return below.length > 0 || (await isFolder(path)) ? below : [path];
}

/** The best first: cloud kernels have what guests need and little else; then by version. */
async function kernelsBelow(folder: string): Promise<readonly string[]> {
  const boot = join(folder, "boot");
  const names = (await readdir(boot).catch(() => [])).filter((name) => name.startsWith("vmlinuz-"));
  const isCloud = (name: string): number => (name.includes("-cloud-") ? 1 : 0);
  const newestFirst = (a: string, b: string): number => b.localeCompare(a, "en", { numeric: true });
  return names.sort((a, b) => isCloud(b) - isCloud(a) || newestFirst(a, b)).map((name) => join(boot, name));
}

async function withModules(path: string, configured: string | undefined): Promise<FoundKernel> {
  let version: string | undefined;
  try {
    version = await bzImageVersion(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { ok: false, why: `there is no kernel at ${path}`, hint };
    return {
      ok: false,
      why: `the kernel ${path} cannot be read (${code})`,
      hint: `make it readable: chmod a+r ${path}`,
    };
  }
  if (version === undefined) return { ok: false, why: `${path} is no x86-64 Linux kernel (a bzImage)`, hint };
  const places =
    configured === undefined
      ? [
          join(dirname(dirname(path)), "lib/modules", version),
          join(dirname(dirname(path)), "usr/lib/modules", version),
          join("/lib/modules", version),
          join("/run/booted-system/kernel-modules/lib/modules", version),
          join("/run/current-system/kernel-modules/lib/modules", version),
        ]
      : [configured, join(configured, version), join(configured, "lib/modules", version)];
  for (const modules of places) {
    const hasList = await readFile(join(modules, "modules.dep")).then(
      () => true,
      () => false,
    );
    if (hasList) return { ok: true, kernel: { version, path, modules } };
  }
  const unpacked = configured ?? join(dirname(dirname(path)), "lib/modules", version);
  const why = `the kernel ${path} has no modules.dep in ${unpacked}`;
  const root = unpacked.replace(/\/lib\/modules(\/[^/]*)?$/, "") || "/";
  return {
    ok: false,
    why,
    hint: `name its modules in [vm.linux] modules, or, if they are there, type: depmod -b ${root} ${version}`,
  };
}

/**
 * The version in a bzImage's header, or undefined if it is none. At 0x202 is the magic, at 0x20e the offset, from 0x200 on,
 * of a text that begins with the version.
 */
export async function bzImageVersion(path: string): Promise<string | undefined> {
  const file = await open(path, "r");
  try {
    const header = Buffer.alloc(64 * 1024);
    const { bytesRead } = await file.read(header, 0, header.length, 0);
    if (bytesRead < 0x210 || header.toString("latin1", 0x202, 0x206) !== "HdrS") return undefined;
    const at = 0x200 + header.readUInt16LE(0x20e);
    return /^[\w.+~-]+/.exec(header.toString("latin1", at, at + 256))?.[0];
  } finally {
    await file.close();
  }
}

const isFolder = (path: string): Promise<boolean> =>
  readdir(path).then(
    () => true,
    () => false,
  );
