import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findKernel } from "./kernel.ts";

let root: string;

/** As much of a bzImage as says its version. */
function bzImage(version: string): Buffer {
  const image = Buffer.alloc(0x400);
  image.write("HdrS", 0x202);
  image.writeUInt16LE(0x100, 0x20e);
  image.write(`${version} (someone@somewhere) #1\0`, 0x300);
  return image;
}

async function install(version: string, hasModules = true): Promise<void> {
  await mkdir(join(root, "boot"), { recursive: true });
  await writeFile(join(root, "boot", `vmlinuz-${version}`), bzImage(version));
  if (!hasModules) return;
  await mkdir(join(root, "lib/modules", version), { recursive: true });
  await writeFile(join(root, "lib/modules", version, "modules.dep"), "");
}

describe("the kernel of guests", () => {
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "mcpt-kernel-"));
  });
  afterEach(() => rm(root, { recursive: true }));

  it("is the newest cloud kernel of a folder that has its modules", async () => {
    for (const version of ["6.1.0-9-cloud-amd64", "6.1.0-10-cloud-amd64", "6.12.0-1-amd64"])
      await install(version);
    await install("6.1.0-11-cloud-amd64", false);
    expect(await findKernel({ kernel: root })).toEqual({
      ok: true,
      kernel: {
        version: "6.1.0-10-cloud-amd64",
        path: join(root, "boot/vmlinuz-6.1.0-10-cloud-amd64"),
        modules: join(root, "lib/modules/6.1.0-10-cloud-amd64"),
      },
    });
  });

  it("is the file that is named, with the modules that are named", async () => {
    await install("6.6.1-other");
    const kernel = join(root, "boot/vmlinuz-6.6.1-other");
    expect(await findKernel({ kernel, modules: join(root, "lib/modules") })).toMatchObject({ ok: true });
  });

  it("is missed with a reason, and what to type", async () => {
    await install("6.1.0-1-cloud-amd64", false);
    expect(await findKernel({ kernel: root })).toMatchObject({
      ok: false,
      why: expect.stringContaining("modules.dep"),
      hint: expect.stringContaining(`depmod -b ${root} 6.1.0-1-cloud-amd64`),
    });
    await writeFile(join(root, "text"), "no kernel at all");
    expect(await findKernel({ kernel: join(root, "text") })).toMatchObject({
      ok: false,
      why: expect.stringContaining("is no x86-64 Linux kernel"),
    });
    expect(await findKernel({ kernel: join(root, "nowhere") })).toMatchObject({
      ok: false,
      why: `there is no kernel at ${join(root, "nowhere")}`,
      hint: expect.stringContaining("apt install linux-image-cloud-amd64"),
    });
  });
});
