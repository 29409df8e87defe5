import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, silentLogger } from "@mcp/host";
import type { ImageConfig, ImageSource, LogLine, WorkloadSpec } from "@mcp/runtime";
import { Console, type ConsoleOptions } from "../../src/console/console.ts";
import { readLog } from "../../src/console/read-log.ts";
import type { GuestImage, GuestImageBuilder } from "../../src/guest/guest-image.ts";
import { createNanosBuilder } from "../../src/guest/nanos/nanos-builder.ts";
import { stubProgram } from "../../src/guest/nanos/stub-program.ts";
import { qemuArgv } from "../../src/machine/argv.ts";
import { VmFolder } from "../../src/vm/vm-folder.ts";
import { makeTar, type TarEntry } from "./make-tar.ts";

/** A folder of its own with an `ops` of the tests', and images that a test makes up. */
export class NanosRig {
  readonly folder: string;
  #count = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<NanosRig> {
    const rig = new NanosRig(await mkdtemp(join(tmpdir(), "mcpt-nanos-")));
    await writeFile(rig.kernel, "a kernel");
    await writeFile(rig.boot, "a boot image");
    return rig;
  }

  get kernel(): string {
    return join(this.folder, "kernel.img");
  }
  get boot(): string {
    return join(this.folder, "boot.img");
  }
  get opsHome(): string {
    return join(this.folder, "ops home");
  }

  /** With an ops that fails in the way that `mode` says: see `own-ops.ts`. */
  async builder(
    mode = "",
    more: { buildWithinMs?: number; kernel?: string } = {},
  ): Promise<GuestImageBuilder> {
    const ops = await this.ops(mode);
    const { kernel, boot, opsHome } = this;
    return createNanosBuilder({ ops, kernel, boot, opsHome, clock: realClock, log: silentLogger, ...more });
  }

  async ops(mode = ""): Promise<string> {
    const path = join(this.folder, `ops-${mode}`);
    const script = join(import.meta.dirname, "own-ops.ts");
    await writeFile(
      path,
      `#!/bin/sh\nMCP_TEST_OPS_MODE='${mode}' exec '${process.execPath}' '${script}' "$@"\n`,
    );
    await chmod(path, 0o755);
    return path;
  }

  async emptyFolder(): Promise<string> {
    const path = join(this.folder, `folder-${this.#count++}`);
    await mkdir(path);
    return path;
  }

  /** Build, and boot it until it ends by itself or `during` is over, when it is killed. */
  async run(
    builder: GuestImageBuilder,
    spec: WorkloadSpec,
    images: ImageSource,
    during?: (vm: RunningVm) => Promise<void>,
    options: Partial<ConsoleOptions> = {},
  ): Promise<{ readonly qemuCode: number | null; readonly image: GuestImage; readonly vm: RunningVm }> {
    const signal = AbortSignal.timeout(60_000);
    const built = await this.emptyFolder();
    const { facts } = await builder.build(spec, images, built, signal);
    const image = { key: "0".repeat(64), folder: built, sha256: {}, facts };
    const folder = VmFolder.at(await this.emptyFolder());
    await mkdir(folder.run);
    const { outputs, ...parts } = await builder.prepare(
      image,
      spec,
      { run: folder.run, accel: "tcg" },
      signal,
    );
    const machine = {
      ...parts,
      program: "qemu-system-x86_64",
      name: "test",
      accel: "tcg" as const,
      memoryMiB: 64,
      vcpus: 1,
      network: { by: "user", ports: [], mayConnectOut: false } as const,
      serial: "serial",
      qmp: [],
    };
    const console = new Console({ folder, outputs, clock: realClock, log: silentLogger, ...options });
    await console.newBoot();
    const [program = "", ...argv] = qemuArgv(machine);
    const qemu = spawn(program, argv, { cwd: folder.run, stdio: ["ignore", "ignore", "inherit"] });
    const ended = new Promise<number | null>((resolve) => qemu.once("exit", resolve));
    const vm: RunningVm = {
      folder,
      console,
      lines: () => Array.fromAsync(readLog(folder, {}, signal, () => true)),
    };
    try {
      console.start();
      const heard = new AbortController();
      await Promise.race([firstByteIn(join(folder.run, outputs.stdout), heard.signal), ended]);
      heard.abort();
      await during?.(vm);
      if (during) qemu.kill("SIGKILL");
      return { qemuCode: await ended, image, vm };
    } finally {
      qemu.kill("SIGKILL");
      await ended;
      await console.finish();
    }
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function firstByteIn(path: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await stat(path).catch(() => undefined))?.size) await realClock.sleep(10);
}

export interface RunningVm {
  readonly folder: VmFolder;
  readonly console: Console;
  lines(): Promise<LogLine[]>;
}

/** An image source that exports one image, made of these files. */
export function imageOf(entries: readonly TarEntry[], config: Partial<ImageConfig> = {}): ImageSource {
  const never = () => Promise.reject(new Error("only exported here"));
  return {
    resolve: never,
    exists: never,
    pull: never,
    export: async (_pin, path) => {
      await writeFile(path, makeTar(entries));
      return { entrypoint: [], cmd: [], env: {}, workdir: "/", user: "", ...config };
    },
  };
}

/** A program for x86-64, complete by itself. */
export const program = (name: string): TarEntry => ({ name, data: stubProgram(), mode: 0o755 });

export const unikernel = (more: Partial<WorkloadSpec> = {}): WorkloadSpec => ({
  name: "hello.aaaaa",
  kind: "unikernel",
  labels: { service: "hello", component: "hello", instance: "hello.aaaaa", revision: 1, specHash: "x" },
  image: { reference: "registry.example/hello:v1", digest: `sha256:${"0".repeat(64)}` },
  hostname: "hello",
  env: {},
  ports: [],
  volumes: [],
  network: "mcpnet",
  memoryMiB: 64,
  ...more,
});
