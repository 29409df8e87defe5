import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { expect, it } from "vitest";
import { requirePassable } from "./impassable-folder.ts";

const nobody = { name: "nobody", uid: 65_534, gid: 65_534, groups: [] };
const { signal } = new AbortController();

it.skipIf(process.getuid?.() !== 0)("a folder that QEMU's user cannot pass through is named", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mcpt-"));
  try {
    await chmod(folder, 0o711);
    const closed = join(folder, "closed");
    const images = join(closed, "images");
    await mkdir(images, { recursive: true, mode: 0o711 });
    await chmod(closed, 0o700);
    for (const path of [images, join(closed, "later", "images")])
      await expect(requirePassable(path, nobody, run, signal)).rejects.toMatchObject({
        code: "runtime_unavailable",
        message: expect.stringContaining(`cannot pass through ${closed} to ${path}`),
        hint: expect.stringContaining(`chmod o+x ${closed}`),
      });
    await requirePassable(images, undefined, run, signal);
    await chmod(closed, 0o711);
    await chmod(images, 0o711);
    await requirePassable(images, nobody, run, signal);
    await requirePassable(join(images, "later"), nobody, run, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
