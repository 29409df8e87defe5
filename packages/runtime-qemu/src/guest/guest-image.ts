import type { ImageSource, WorkloadSpec } from "@mcp/runtime";
import type { Machine } from "../machine/machine.ts";

/** What makes bootable images of one kind out of OCI images. */
export interface GuestImageBuilder {
  readonly kind: "unikernel" | "microvm";

  /** Whether it can build here, and what to do if not. Never throws except on abort. */
  probe(signal: AbortSignal): Promise<BuilderProbe>;

  /** The least memory that its guests boot with, in MiB. */
  readonly leastMemoryMiB: number;

  /**
   * Everything that the image's bytes depend on, as JSON: digest, settings, versions of what builds it. Two specs with the
   * same ingredients share an image.
   */
  ingredients(spec: WorkloadSpec, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;

  /**
   * Make the image's files in `folder`, which exists, is empty, and is renamed into the cache when this returns.
   * @returns the names of the files that must be the same before each boot, each with what a machine uses it for.
   */
  build(spec: WorkloadSpec, images: ImageSource, folder: string, signal: AbortSignal): Promise<BuiltImage>;

  /**
   * What this boot adds to the image: files written into `run`, the folder that QEMU may read and write, and the parts of
   * the machine that depend on the guest.
   */
  prepare(image: GuestImage, spec: WorkloadSpec, boot: BootPlace, signal: AbortSignal): Promise<GuestParts>;
}

export interface BootPlace {
  /** The folder that QEMU may read and write. */
  readonly run: string;
  readonly accel: "kvm" | "tcg";
}

export type BuilderProbe =
  | { readonly ok: true /** For `node status`: `linux 6.1.0-56-cloud-amd64`. */; readonly version: string }
  | { readonly ok: false; readonly why: string; readonly hint: string };

export interface BuiltImage {
  readonly files: readonly string[];
  /** What `prepare` needs to know of it later: what the OCI image says of how to start it, say. Kept as JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** An image in the cache, whose files were just seen to be what was built. */
export interface GuestImage {
  /** SHA-256 of its ingredients: 64 hex digits. */
  readonly key: string;
  readonly folder: string;
  /** By file name: SHA-256 in hex. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The parts of a machine that depend on what boots in it. */
export type GuestParts = Pick<
  Machine,
  "model" | "kernel" | "disks" | "channels" | "shares" | "hasDebugExit"
> & {
  /** Which of the machine's outputs are the program's own, and which tells how it ended. */
  readonly outputs: GuestOutputs;
};

export interface GuestOutputs {
  /** Files in `run`, by the stream that they hold. A guest with one console has no `stderr`. */
  readonly stdout: string;
  readonly stderr?: string;
  /** The file in `run` to which the guest says `started`, then `exit 7`, `signal 11` or `failed no such program`, a line each. */
  readonly status?: string;
}
