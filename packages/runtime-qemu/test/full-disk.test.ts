import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, run, silentLogger } from "@mcp/host";
import type { ImageSource, WorkloadSpec } from "@mcp/runtime";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GuestImageBuilder } from "../src/guest/guest-image.ts";
import { ImageCache } from "../src/guest/image-cache.ts";
import { createLinuxBuilder } from "../src/guest/linux/linux-builder.ts";
import { createNanosBuilder } from "../src/guest/nanos/nanos-builder.ts";
import { guestKernel } from "./guest-kernel.ts";
import { guestsMissing, images, removeImages, specOf } from "./linux-guest-rig.ts";
import { imageOf, NanosRig, program, unikernel } from "./nanos/nanos-rig.ts";
import { rigMissing, startQemuRig } from "./rig.ts";

const notRoot = process.getuid?.() === 0 ? undefined : "only root may mount a small disk";
const missing = guestsMissing ?? (await rigMissing());
const signal = AbortSignal.timeout(170_000);
afterAll(removeImages);

/** How many KiB the disk has: one for each stage that a build can come to before it is full. */
const sizes = { microvm: [8, 512, 2_600, 5_000, 9_000], unikernel: [4, 32, 80, 130] };

describe.skipIf(notRoot)(`a full disk${notRoot ? ` (not run: ${notRoot})` : ""}`, () => {
  let folder: string;
  let disk: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-full-"));
    await chmod(folder, 0o711);
    disk = join(folder, "disk");
    await mkdir(disk);
    await run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=0711", "tmpfs", disk]);
  });
  afterEach(async () => {
    await run(["umount", disk]);
    await rm(folder, { recursive: true });
  });
  const resize = (kib: number) => run(["mount", "-o", `remount,size=${kib}k`, disk]);
  /** What a build that came to nothing may not leave: all but the places, and the settings of ops, that are made once. */
  const left = async (): Promise<string[]> => {
    const found = await readdir(disk, { recursive: true, withFileTypes: true });
    return found
      .filter((entry) => entry.isFile() || entry.name.startsWith(".part-"))
      .map(({ name }) => name)
      .filter((name) => !["latest.txt", "defaults.json"].includes(name));
  };

  async function fillsAndIsFreed(
    kib: number,
    builder: GuestImageBuilder,
    spec: WorkloadSpec,
    source: ImageSource,
  ): Promise<void> {
    const cache = new ImageCache({ dir: disk, log: silentLogger });
    await resize(kib);
    await expect(cache.get(builder, spec, source, signal)).rejects.toMatchObject({
      code: "disk_full",
      hint: expect.stringContaining("df -h"),
    });
    expect(await left()).toEqual([]);
    await resize(256 * 1_024);
    const image = await cache.get(builder, spec, source, signal);
    expect(await readdir(image.folder)).toContain("manifest.json");
    expect((await left()).filter((name) => name.startsWith(".part-"))).toEqual([]);
  }

  it.skipIf(guestsMissing).each(sizes.microvm)(
    `of %d KiB is said while a microVM's image is built, and nothing half made is left${guestsMissing ? ` (not run: ${guestsMissing})` : ""}`,
    async (kib) => {
      const kernelDir = join(disk, ".kernels");
      const builder = createLinuxBuilder({
        ...guestKernel.paths,
        kernelDir,
        clock: realClock,
        log: silentLogger,
      });
      await fillsAndIsFreed(kib, builder, specOf(images.script("true")), images);
    },
  );

  it.each(sizes.unikernel)(
    "of %d KiB is said while a unikernel's image is built, and nothing half made is left",
    async (kib) => {
      const rig = await NanosRig.open();
      try {
        const { kernel, boot } = rig;
        const options = { ops: await rig.ops(), kernel, boot, clock: realClock, log: silentLogger };
        const builder = createNanosBuilder({ ...options, opsHome: join(disk, ".ops") });
        const data = { name: "data", data: "x".repeat(60_000) };
        await fillsAndIsFreed(kib, builder, unikernel({ cmd: ["/app"] }), imageOf([program("app"), data]));
      } finally {
        await rig.close();
      }
    },
  );

  it.skipIf(missing)("is said when a unikernel's overlay has no room", async () => {
    const rig = await NanosRig.open();
    try {
      const builder = await rig.builder();
      const spec = unikernel({ cmd: ["/app"] });
      const built = await rig.emptyFolder();
      const { facts } = await builder.build(spec, imageOf([program("app")]), built, signal);
      const image = { key: "0".repeat(64), folder: built, sha256: {}, facts };
      const preparing = builder.prepare(image, spec, { run: disk, accel: "tcg" }, signal);
      await expect(preparing).rejects.toMatchObject({ code: "disk_full" });
    } finally {
      await rig.close();
    }
  });

  it.skipIf(missing)(
    `is said when it holds a machine's state, wherever it fills, and leaves nothing of that machine${missing ? ` (not run: ${missing})` : ""}`,
    async () => {
      const rig = await startQemuRig();
      try {
        const { microvm } = rig.connect({ stateDir: disk });
        for (const kib of [64, 512, 2_048]) {
          await resize(kib);
          await writeFile(join(disk, "others"), Buffer.alloc(32 * 1_024));
          const spec = rig.spec({ does: "sleeps" });
          await expect(microvm.start(spec, signal), `${kib} KiB`).rejects.toMatchObject({
            code: "disk_full",
          });
          expect((await readdir(disk)).filter((name) => !name.startsWith("."))).toEqual(["others"]);
        }
        await resize(64 * 1_024);
        const spec = rig.spec({ does: "sleeps" });
        await microvm.start(spec, signal);
        await microvm.remove(spec.name, signal);
      } finally {
        await rig.close();
      }
    },
  );
});
