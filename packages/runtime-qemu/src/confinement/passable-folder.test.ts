import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePassable } from "./passable-folder.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mcp-passable-"));
});
afterAll(() => rm(folder, { recursive: true }));

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe("a folder that QEMU's user passes through", () => {
  it("is made so, with what is missing above it, under any umask", async () => {
    const before = process.umask(0o077);
    try {
      await makePassable(join(folder, "a/b"));
    } finally {
      process.umask(before);
    }
    expect(await modeOf(join(folder, "a/b"))).toBe("711");
    expect(await modeOf(join(folder, "a"))).toBe("711");
    expect(await modeOf(folder)).toBe("700");
  });

  it("is left as it is where it is there", async () => {
    await makePassable(join(folder, "own"));
    await chmod(join(folder, "own"), 0o750);
    await makePassable(join(folder, "own"));
    expect(await modeOf(join(folder, "own"))).toBe("750");
  });
});
