import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, isProblem, Problem } from "@mcp/base";
import { type Logger, type Run, run as runProgram } from "@mcp/host";
import type { ImageConfig, WorkloadSpec } from "@mcp/runtime";
import { clockArgument } from "../../accel/guest-clock.ts";
import { findProgram } from "../../process/find-program.ts";
import type {
  BootPlace,
  BuilderProbe,
  BuiltImage,
  GuestImage,
  GuestImageBuilder,
  GuestParts,
} from "../guest-image.ts";
import { readTar } from "../image-files/read-tar.ts";
import { readText } from "../image-files/read-text.ts";
import { KnownDigests } from "../known-digests.ts";
import { type Accounts, parseAccounts } from "./accounts.ts";
import { baseInitramfs } from "./base-initramfs.ts";
import { bootConfigScript, groupFiles, networkOn, userNetwork } from "./boot-config.ts";
import { commandOf } from "./command.ts";
import { firstInit, secondInit } from "./init-script.ts";
import { findKernel, type GuestKernel, type KernelPaths } from "./kernel.ts";
import { type KernelFile, KernelStore } from "./kernel-store.ts";
import { KnownModules, type ModuleFiles } from "./module-files.ts";
import { makeRootDisk, sqfstarArgv } from "./root-disk.ts";
import { findBusybox } from "./static-busybox.ts";
import { writeInitrd } from "./write-initrd.ts";

export interface LinuxBuilderOptions extends KernelPaths {
  /** A static busybox; absent: the one on the PATH. */
  readonly busybox?: string;
  /** Where kernels are kept as guests boot them, on the disk of the images. */
  readonly kernelDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly run?: Run;
}

/** Changes when the same ingredients would be made into something else. */
const builderVersion = 3;

const initDigest = createHash("sha256").update(firstInit).update(secondInit).digest("hex");

const files = { initramfs: "initramfs", disk: "root.squashfs" } as const;
/**
 * Without `cryptomgr.notests` the kernel first tries out each of its ciphers: a fifth of the time of a boot without KVM, to learn
 * again what holds for every machine that boots it.
 */
const kernelCommandLine = "console=ttyS0 quiet panic=-1 random.trust_cpu=on cryptomgr.notests";

interface Facts {
  readonly kernel: KernelFile;
  readonly config: ImageConfig;
  readonly accounts: Accounts;
}

/** Boots any OCI image on a stock Linux kernel: its root filesystem a disk that is only read, under a writable overlay. */
export function createLinuxBuilder(options: LinuxBuilderOptions): GuestImageBuilder {
  const { log, run = runProgram } = options;
  const digests = new KnownDigests();
  const known = new KnownModules();
  const kernels = new KernelStore(options.kernelDir);

  return {
    kind: "microvm",
    leastMemoryMiB: 96,

    async probe(signal): Promise<BuilderProbe> {
      try {
        const { kernel } = await tools(options, known);
        if ((await findProgram("sqfstar")) === undefined) return noPacker;
        return { ok: true, version: `linux ${kernel.version}` };
      } catch (error) {
        signal.throwIfAborted();
        if (!isProblem(error)) throw error;
        return { ok: false, why: error.message, hint: error.hint };
      }
    },

    async ingredients(spec, signal) {
      const { kernel, busybox, modules } = await tools(options, known);
      const paths = [kernel.path, busybox, ...modules.always, ...modules.forShares];
      return {
        builder: builderVersion,
        image: spec.image.digest,
        kernel: kernel.version,
        parts: await digests.of(paths, signal),
        init: initDigest,
        disk: sqfstarArgv(files.disk),
      };
    },

    async build(spec, images, folder, signal): Promise<BuiltImage> {
      const { kernel, busybox, modules } = await tools(options, known);
      const tar = join(folder, "root.tar");
      const began = performance.now();
      const config = await images.export(spec.image, tar, signal);
      const exported = performance.now();
      const source = { path: tar, reference: spec.image.reference, nowMs: options.clock.now() };
      const { tree, newest } = await readTar(source, signal);
      const textOf = async (path: string): Promise<string> => (await readText(tree, path, source)) ?? "";
      const accounts = parseAccounts(await textOf("/etc/passwd"), await textOf("/etc/group"));
      const kernelDigest = await digests.one(kernel.path, signal);
      const [kernelFile] = await allDone([
        kernels.place(kernel.path, kernelDigest, folder, signal),
        makeRootDisk(tar, newest, join(folder, files.disk), run, signal),
        baseInitramfs(busybox, modules, run, signal).then((bytes) =>
          writeFile(join(folder, files.initramfs), bytes, { mode: 0o600, signal }),
        ),
      ]);
      await rm(tar);
      const ms = { export: Math.round(exported - began), pack: Math.round(performance.now() - exported) };
      log.debug("guest disk packed", { image: spec.image.reference, ...ms });
      const facts: Facts = { kernel: kernelFile, config, accounts };
      return { files: [kernelFile, ...Object.values(files)], facts: { ...facts } };
    },

    prepare,
  };
}

/** All of them, and when one fails its error only after the others have stopped writing. */
async function allDone<const Works extends readonly Promise<unknown>[]>(
  works: Works,
): Promise<{ -readonly [Index in keyof Works]: Awaited<Works[Index]> }> {
  for (const outcome of await Promise.allSettled(works))
    if (outcome.status === "rejected") throw outcome.reason;
  return Promise.all(works) as Promise<{ -readonly [Index in keyof Works]: Awaited<Works[Index]> }>;
}

async function prepare(
  image: GuestImage,
  spec: WorkloadSpec,
  { run, accel }: BootPlace,
  signal: AbortSignal,
): Promise<GuestParts> {
  const { kernel, config, accounts } = image.facts as unknown as Facts;
  const shares = spec.volumes.map(({ host, readOnly }, index) => {
    return { by: "virtiofs", tag: `mcp${index}`, socket: `share-${index}`, host, readOnly } as const;
  });
  const command = commandOf(spec, config, accounts);
  const script = bootConfigScript({
    command,
    hostname: spec.hostname,
    mounts: spec.volumes.map(({ guest, readOnly }, index) => ({ tag: `mcp${index}`, guest, readOnly })),
    network: spec.attachment ? networkOn(spec.attachment) : userNetwork,
  });
  await writeInitrd(
    join(image.folder, files.initramfs),
    script,
    groupFiles(command),
    join(run, "initrd"),
    signal,
  );
  return {
    model: "microvm",
    kernel: { path: join(image.folder, kernel), initrd: "initrd", commandLine: await commandLine(accel) },
    disks: [{ path: join(image.folder, files.disk), format: "raw", readOnly: true }],
    channels: ["stdout", "stderr", "status"].map((name) => ({ name: `mcp.${name}`, file: name })),
    shares,
    hasDebugExit: false,
    outputs: { stdout: "stdout", stderr: "stderr", status: "status" },
  };
}

/**
 * A kernel that is told its counter's rate must also be told to rely on it: on a busy machine it compares the counter with
 * late timer interrupts, finds it unstable, and goes on with a clock that loses time.
 */
async function commandLine(accel: "kvm" | "tcg"): Promise<string> {
  const clock = accel === "tcg" ? await clockArgument() : undefined;
  return clock === undefined ? kernelCommandLine : `${kernelCommandLine} ${clock} tsc=reliable`;
}

/** What of this machine goes into a guest. Looked for each time: an administrator may install it while we run. */
async function tools(
  options: LinuxBuilderOptions,
  known: KnownModules,
): Promise<{ kernel: GuestKernel; busybox: string; modules: ModuleFiles }> {
  const [kernel, busybox] = await Promise.all([findKernel(options), findBusybox(options.busybox)]);
  if (!kernel.ok) throw new Problem("runtime_unavailable", kernel.why, kernel.hint);
  if (!busybox.ok) throw new Problem("tool_missing", busybox.why, busybox.hint);
  return { kernel: kernel.kernel, busybox: busybox.path, modules: await known.of(kernel.kernel) };
}

const noPacker: BuilderProbe = {
  ok: false,
  why: "sqfstar is not installed, or not on the PATH",
  hint: "install it: apt install squashfs-tools",
};
