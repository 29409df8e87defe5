import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KernelStore } from "./kernel-store.ts";

const { signal } = new AbortController();
const source = "a".repeat(64);

describe("the store of kernels", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-kernels-"));
    await writeFile(join(folder, "kernel"), "what nobody can unpack");
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("keeps a kernel that cannot be unpacked as it is, once for all images", async () => {
    const store = new KernelStore(join(folder, "store"));
    const places = ["1", "2"].map((name) => join(folder, name));
    for (const place of places) {
      await mkdir(place);
      expect(await store.place(join(folder, "kernel"), source, place, signal)).toBe("vmlinuz");
      expect(await readFile(join(place, "vmlinuz"), "utf8")).toBe("what nobody can unpack");
    }
    expect(await readdir(join(folder, "store"))).toHaveLength(1);
  });

  it("does not take one that was changed for the kernel", async () => {
    const store = new KernelStore(join(folder, "store"));
    const [name = ""] = await readdir(join(folder, "store"));
    await rm(join(folder, "store", name));
    await writeFile(join(folder, "store", name), "something else");
    await rm(join(folder, "1", "vmlinuz"));
    await store.place(join(folder, "kernel"), source, join(folder, "1"), signal);
    expect(await readFile(join(folder, "1", "vmlinuz"), "utf8")).toBe("what nobody can unpack");
  });
});
