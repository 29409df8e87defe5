import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { asProblem, type Clock, Problem } from "@mcp/base";
import { type Logger, type Run, run as runProgram } from "@mcp/host";
import type { BridgeAttachment, ImageSource, WorkloadSpec } from "@mcp/runtime";
import type {
  BootPlace,
  BuilderProbe,
  BuiltImage,
  GuestImage,
  GuestImageBuilder,
  GuestParts,
} from "../guest-image.ts";
import { KnownDigests } from "../known-digests.ts";
import { buildDisk } from "./build-disk.ts";
import { isFile, Ops } from "./ops.ts";
import { mountTag } from "./ops-config.ts";
import { refuseReadOnly } from "./refuse-read-only.ts";

export interface NanosOptions {
  /** A path, or a name on the PATH. Default `ops`. */
  readonly ops?: string;
  /** Nanos' kernel and boot image. Absent: those of the release that is installed in `opsHome`. */
  readonly kernel?: string;
  readonly boot?: string;
  /** A folder for ops, with nothing else in it. Made if missing. */
  readonly opsHome: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly run?: Run;
  /** Milliseconds for one build. Default 180 000. */
  readonly buildWithinMs?: number;
}

/** Raised when the same ingredients begin to give another image. */
const version = 2;
const diskName = "disk.img";
const overlayName = "disk.qcow2";
const overlayWithinMs = 20_000;

/**
 * Unikernels: an image's program and files on a disk with the Nanos kernel, made by `ops`.
 *
 * @example
 * const nanos = createNanosBuilder({ kernel: "/opt/nanos/kernel.img", boot: "/opt/nanos/boot.img", opsHome, clock, log });
 */
export function createNanosBuilder(options: NanosOptions): GuestImageBuilder {
  return new NanosBuilder(options);
}

class NanosBuilder implements GuestImageBuilder {
  readonly kind = "unikernel";
  /** A static program runs in 16. */
  readonly leastMemoryMiB = 32;
  readonly #options: NanosOptions;
  readonly #run: Run;
  readonly #ops: Ops;
  readonly #digests = new KnownDigests();

  constructor(options: NanosOptions) {
    this.#options = options;
    this.#run = options.run ?? runProgram;
    this.#ops = new Ops({
      ops: options.ops ?? "ops",
      home: resolve(options.opsHome),
      run: this.#run,
      now: () => options.clock.monotonic(),
    });
  }

  async probe(signal: AbortSignal): Promise<BuilderProbe> {
    signal.throwIfAborted();
    const { ops = "ops" } = this.#options;
    if ((await this.#ops.path()) === undefined) {
      const hint = "install ops, or name it in the agent's config: [vm.nanos] ops";
      return { ok: false, why: `ops is not installed (${ops})`, hint };
    }
    for (const [key, path] of Object.entries(await this.#parts())) {
      if (path === undefined) {
        const hint = "name both in the agent's config: [vm.nanos] kernel and boot";
        return { ok: false, why: "ops has no Nanos kernel and boot image here", hint };
      }
      if (await isFile(path)) continue;
      return {
        ok: false,
        why: `there is no ${path}`,
        hint: `correct it in the agent's config: [vm.nanos] ${key}`,
      };
    }
    try {
      return { ok: true, version: `nanos by ops ${await this.#ops.version(signal)}` };
    } catch (error) {
      signal.throwIfAborted();
      const { message, hint } = asProblem(error);
      return { ok: false, why: message, hint };
    }
  }

  async ingredients(spec: WorkloadSpec, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const { kernel, boot } = await this.#parts();
    return {
      builder: "nanos",
      version,
      digest: spec.image.digest,
      ops: await this.#sha256(await this.#ops.path(), signal),
      kernel: await this.#sha256(kernel, signal),
      boot: await this.#sha256(boot, signal),
      entrypoint: spec.entrypoint ?? null,
      cmd: spec.cmd ?? null,
      workdir: spec.workdir ?? null,
      files: spec.files ?? null,
      hostname: spec.hostname,
      mounts: spec.volumes.map(({ guest }) => guest),
      // One image has one address. Absent without one, so that images from before are still found.
      ...(spec.attachment && { network: networkOf(spec.attachment) }),
      // Its values may be secrets, and ingredients are kept.
      env: sha256Of(JSON.stringify(Object.entries(spec.env).sort())),
    };
  }

  async build(
    spec: WorkloadSpec,
    images: ImageSource,
    folder: string,
    signal: AbortSignal,
  ): Promise<BuiltImage> {
    refuseReadOnly(spec);
    const { buildWithinMs = 180_000, clock, log } = this.#options;
    const began = clock.monotonic();
    const { kernel, boot } = await this.#parts();
    const paths = { ...(kernel !== undefined && { kernel }), ...(boot !== undefined && { boot }) };
    const deps = { ops: this.#ops, buildWithinMs, ...paths };
    const program = await buildDisk(spec, images, join(folder, diskName), deps, signal);
    const ms = Math.round(clock.monotonic() - began);
    log.info("built a unikernel's image", { image: spec.image.reference, program: program.path, ms });
    return { files: [diskName], facts: { program: program.path } };
  }

  /** The overlay takes what the guest writes, so that the image stays what was built. */
  async prepare(
    image: GuestImage,
    spec: WorkloadSpec,
    { run }: BootPlace,
    signal: AbortSignal,
  ): Promise<GuestParts> {
    refuseReadOnly(spec);
    const base = resolve(image.folder, diskName);
    const create = [
      "qemu-img",
      "create",
      "-q",
      "-f",
      "qcow2",
      "-F",
      "raw",
      "-b",
      base,
      join(run, overlayName),
    ];
    await this.#run(create, { timeoutMs: overlayWithinMs, signal }).catch((error: Error) => {
      if (!/no space left/i.test(error.message)) throw error;
      throw new Problem(
        "disk_full",
        `no space left to write ${join(run, overlayName)}`,
        `make room: df -h ${run}`,
        {
          cause: error,
        },
      );
    });
    return {
      model: "q35",
      disks: [{ path: overlayName, format: "qcow2", readOnly: false }],
      channels: [],
      shares: spec.volumes.map(({ host, readOnly }, index) => ({
        by: "9p",
        tag: mountTag(index),
        host,
        readOnly,
      })),
      hasDebugExit: true,
      outputs: { stdout: "serial" },
    };
  }

  /** Those that are named, else those of the release that ops has. */
  async #parts(): Promise<{ readonly kernel: string | undefined; readonly boot: string | undefined }> {
    const { kernel, boot } = this.#options;
    const release = await this.#ops.release();
    const path = (named: string | undefined, name: string): string | undefined =>
      named === undefined ? release && join(release, name) : resolve(named);
    return { kernel: path(kernel, "kernel.img"), boot: path(boot, "boot.img") };
  }

  /** Null for what is not named or not there. */
  async #sha256(path: string | undefined, signal: AbortSignal): Promise<string | null> {
    return path !== undefined && (await isFile(path)) ? this.#digests.one(path, signal) : null;
  }
}

/** The bridge's name is nothing that a guest knows. */
const networkOf = ({ address, bridge }: BridgeAttachment) => ({
  address,
  gateway: bridge.gateway,
  prefixLength: bridge.prefixLength,
});

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");
