import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { realClock, run, silentLogger } from "@mcp/host";
import type { ImagePin, WorkloadSpec } from "@mcp/runtime";
import { type Script, shellCommand, suiteSpec } from "@mcp/runtime/conformance";
import { createQemu, type Qemu, type QemuOptions } from "../src/index.ts";
import { guestKernel } from "./guest-kernel.ts";
import { busyboxFiles, noBusybox, TestImages } from "./test-images.ts";

/** A state folder, images and runtimes of its own. */
export interface QemuRig {
  readonly folder: string;
  readonly stateDir: string;
  readonly images: TestImages;
  /** Has busybox's shell and programs, and `/www/index.html` that says `hello`. */
  readonly image: ImagePin;
  /** Another way to the same virtual machines, as a restarted agent makes one. Closed with the rig. */
  connect(options?: Partial<QemuOptions>): Qemu;
  /** A microVM that does what the script says. */
  spec(script: Script, changes?: Partial<WorkloadSpec>): WorkloadSpec;
  close(): Promise<void>;
}

/** Why there can be no microVM on this machine, or undefined. */
export async function rigMissing(): Promise<string | undefined> {
  if (noBusybox) return noBusybox;
  for (const [program, packageName] of [
    ["qemu-system-x86_64", "qemu-system-x86"],
    ["sqfstar", "squashfs-tools"],
  ] as const) {
    const found = await run(["sh", "-c", `command -v ${program}`], { anyExitCode: true });
    if (found.exitCode !== 0) return `${program} is not installed (apt install ${packageName})`;
  }
  return guestKernel.missing;
}

export async function startQemuRig(): Promise<QemuRig> {
  const folder = await mkdtemp("/tmp/mcpt-vm-");
  await chmod(folder, 0o711);
  await mkdir(join(folder, "state"), { mode: 0o711 });
  return openQemuRig(folder);
}

/** Of a rig that is there, such as that of the process which started this one. */
export function openQemuRig(folder: string): QemuRig {
  const stateDir = join(folder, "state");
  const images = new TestImages();
  const image = images.add("test.invalid/busybox:v1", {
    files: [
      ...busyboxFiles(),
      { path: "www", type: "folder" },
      { path: "www/index.html", type: "file", data: "hello\n" },
    ],
  });
  const opened: Qemu[] = [];
  const connect: QemuRig["connect"] = (options = {}) => {
    const qemu = createQemu({
      stateDir,
      imageDir: join(folder, "images"),
      images,
      user: process.getuid?.() === 0 ? "nobody" : "",
      linux: guestKernel.paths,
      clock: realClock,
      log: silentLogger,
      ...options,
    });
    opened.push(qemu);
    return qemu;
  };
  let made = 0;
  return {
    folder,
    stateDir,
    images,
    image,
    connect,
    spec: (script, changes = {}) => ({
      ...suiteSpec(`vm-${++made}`, "microvm", image),
      memoryMiB: 128,
      ...shellCommand(script),
      ...changes,
    }),
    async close() {
      const { microvm } = connect();
      const signal = AbortSignal.timeout(60_000);
      for (const { name } of await microvm.list(signal)) await microvm.remove(name, signal);
      for (const qemu of opened) await qemu.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
