import { type ChildProcess, spawn } from "node:child_process";
import { access, chmod, chown, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, silentLogger } from "@mcp/host";
import type { ImagePin, WorkloadSpec } from "@mcp/runtime";
import { expect } from "vitest";
import { ImageCache } from "../src/guest/image-cache.ts";
import { createLinuxBuilder } from "../src/guest/linux/linux-builder.ts";
import type { Share } from "../src/machine/machine.ts";
import { isAlive, type ProcessIdentity } from "../src/process/process-identity.ts";
import { openQmp } from "../src/qmp/qmp.ts";
import { guestKernel } from "./guest-kernel.ts";
import { MachineRig, machineOf, machinesMissing, qemuUser } from "./machine-rig.ts";
import { noBusybox, TestImages } from "./test-images.ts";

/** Why no Linux guest can be booted here, or undefined. */
export const guestsMissing = machinesMissing ?? guestKernel.missing ?? noBusybox;

export const signal = AbortSignal.timeout(600_000);
export const images = new TestImages();

export const specOf = (image: ImagePin, more: Partial<WorkloadSpec> = {}): WorkloadSpec => ({
  name: "guest.1",
  kind: "microvm",
  labels: { service: "guest", component: "guest", instance: "guest.1", revision: 1, specHash: "v1:0" },
  image,
  hostname: "guest",
  env: {},
  ports: [],
  volumes: [],
  network: "mcpnet",
  memoryMiB: 128,
  vcpus: 1,
  ...more,
});

/** All guests of a test file share their images, as those of a node do. */
const imageDir = await mkdtemp(join(tmpdir(), "mcpt-images-"));
await chmod(imageDir, 0o711);
export const builder = createLinuxBuilder({
  ...guestKernel.paths,
  kernelDir: join(imageDir, ".kernels"),
  clock: realClock,
  log: silentLogger,
});
export const cache = new ImageCache({
  dir: imageDir,
  ...(qemuUser && { owner: qemuUser }),
  log: silentLogger,
});
export const removeImages = (): Promise<void> => rm(imageDir, { recursive: true });

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: readonly string[];
  readonly serial: string;
  readonly qemuCode: number;
}

/** A guest booted as a plain machine: there is no runtime between the test and the image. */
export class LinuxGuest {
  readonly #rig: MachineRig;
  readonly #daemons: ChildProcess[] = [];
  #process: ProcessIdentity | undefined;

  private constructor(rig: MachineRig) {
    this.#rig = rig;
  }

  static async boot(spec: WorkloadSpec): Promise<LinuxGuest> {
    const guest = new LinuxGuest(await MachineRig.open());
    try {
      await guest.#start(spec);
      return guest;
    } catch (error) {
      await guest.close();
      throw error;
    }
  }

  /** Boots it, waits until QEMU has ended, and cleans up. */
  static async run(spec: WorkloadSpec): Promise<Ended> {
    const guest = await LinuxGuest.boot(spec);
    try {
      return await guest.ended();
    } finally {
      await guest.close();
    }
  }

  async #start(spec: WorkloadSpec): Promise<void> {
    const { run } = this.#rig;
    const image = await cache.get(builder, spec, images, signal);
    const { outputs: _, ...parts } = await builder.prepare(image, spec, { run, accel: "tcg" }, signal);
    for (const share of parts.shares) await this.#share(share);
    for (const name of await readdir(run)) {
      if (qemuUser) await chown(join(run, name), qemuUser.uid, qemuUser.gid);
    }
    const { memoryMiB = 128, ports } = spec;
    this.#process = await this.#rig.start(
      machineOf({ ...parts, memoryMiB, network: { by: "user", ports, mayConnectOut: false } }),
    );
  }

  async #share(share: Share): Promise<void> {
    if (share.by !== "virtiofs") throw new Error("the kernel of the tests has no 9p");
    const socket = join(this.#rig.run, share.socket);
    const argv = [`--socket-path=${socket}`, "-o", `source=${share.host}`, "-o", "sandbox=chroot"];
    this.#daemons.push(spawn("/usr/lib/qemu/virtiofsd", argv, { stdio: "ignore" }));
    await expect.poll(() => access(socket).then(() => true), { interval: 20 }).toBe(true);
  }

  read(name: string): Promise<string> {
    return readFile(join(this.#rig.run, name), "utf8").catch(() => "");
  }

  /** Waits until the program prints this. */
  async says(text: string): Promise<void> {
    await expect
      .poll(async () => (await this.read("stdout")) + (await this.read("stderr")), {
        timeout: 30_000,
        interval: 20,
      })
      .toContain(text);
  }

  async pressPowerButton(): Promise<void> {
    const qmp = await openQmp(this.#rig.run, "qmp", signal);
    try {
      await qmp.execute("system_powerdown");
    } finally {
      await qmp.close();
    }
  }

  async ended(): Promise<Ended> {
    const isOver = async () => this.#process !== undefined && !(await isAlive(this.#process));
    const message = `${await this.read("serial")}${await this.#rig.errors().catch(() => "")}`;
    await expect.poll(isOver, { timeout: 60_000, interval: 20, message }).toBe(true);
    const [stdout, stderr, status, serial] = await Promise.all(
      ["stdout", "stderr", "status", "serial"].map((name) => this.read(name)),
    );
    const { code: qemuCode } = await this.#rig.end();
    return {
      stdout: stdout ?? "",
      stderr: stderr ?? "",
      status: (status ?? "").split("\n").slice(0, -1),
      serial: serial ?? "",
      qemuCode,
    };
  }

  async close(): Promise<void> {
    for (const daemon of this.#daemons) daemon.kill("SIGKILL");
    await this.#rig.close();
  }
}
