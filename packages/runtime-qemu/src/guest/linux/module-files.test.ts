import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { run } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { KnownModules, numbered, readModule, withoutSignature } from "./module-files.ts";
import { findBusybox } from "./static-busybox.ts";

const module = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 255, 128, 10]);
const signed = Buffer.concat([
  module,
  Buffer.alloc(300, 7),
  Buffer.from([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 300 >> 8, 300 & 255]),
  Buffer.from("~Module signature appended~\n"),
]);
/** Node has no xz to make it with. */
const signedAsXz =
  "/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4AFbADRdAD+RRYRoMCEMj/l3Ri23Z3BYt1scxm7m5PV57BVoGoLyV9XxuUyjd43gBiSopsqO7ZO5gwAAbkp0UAABTNwCAAAAGUTDXT4wDYsCAAAAAAFZWg==";
const busybox = await findBusybox(undefined);

describe("a kernel module", () => {
  it("is given to the guest without its signature", () => {
    expect(withoutSignature(signed).equals(module)).toBe(true);
    expect(withoutSignature(module).equals(module)).toBe(true);
  });

  it("is read whatever it is compressed with", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcpt-modules-"));
    const { signal } = new AbortController();
    const read = (name: string) =>
      readModule(join(folder, name), busybox.ok ? busybox.path : "", run, signal);
    try {
      await writeFile(join(folder, "a.ko"), signed);
      await writeFile(join(folder, "a.ko.gz"), gzipSync(signed));
      await writeFile(join(folder, "a.ko.zst"), zstdCompressSync(signed));
      for (const name of ["a.ko", "a.ko.gz", "a.ko.zst"])
        expect((await read(name)).equals(module)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.skipIf(!busybox.ok)("is read where it is compressed with xz, which takes busybox", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcpt-modules-"));
    try {
      await writeFile(join(folder, "b.ko.xz"), Buffer.from(signedAsXz, "base64"));
      const path = busybox.ok ? busybox.path : "";
      const { signal } = new AbortController();
      expect((await readModule(join(folder, "b.ko.xz"), path, run, signal)).equals(module)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("has a name that sorts as it is to be loaded", () => {
    expect(numbered(4, "/lib/modules/x/virtio_blk.ko.xz")).toBe("04-virtio_blk.ko");
  });
});

it("the modules of a kernel are looked for again once its list of them was written", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mcpt-modules-"));
  const list = join(folder, "modules.dep");
  const kernel = { version: "6.1", path: "/boot/vmlinuz-6.1", modules: folder };
  const known = new KnownModules();
  const names = ["blk", "console", "net", "mmio"].map((name) => `virtio_${name}`);
  try {
    await writeFile(
      list,
      [...names, "squashfs", "overlay", "button", "evdev"].map((name) => `${name}.ko:\n`).join(""),
    );
    await expect(known.of(kernel)).rejects.toMatchObject({
      message: expect.stringMatching(/lacks .*: virtiofs$/),
    });
    await appendFile(list, "fuse.ko:\nvirtiofs.ko: fuse.ko\n");
    const files = await known.of(kernel);
    expect(files.forShares).toEqual(["fuse.ko", "virtiofs.ko"].map((name) => join(folder, name)));
    expect(await known.of(kernel)).toBe(files);
    await appendFile(list, "more.ko:\n");
    expect(await known.of(kernel)).not.toBe(files);
  } finally {
    await rm(folder, { recursive: true });
  }
});
