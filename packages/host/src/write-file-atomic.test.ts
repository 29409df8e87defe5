import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFileAtomic } from "./write-file-atomic.ts";

describe("writing a file in one piece", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-write-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("replaces the content and leaves nothing else behind", async () => {
    const path = join(folder, "state.json");
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, new TextEncoder().encode("new"));
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await readdir(folder)).toEqual(["state.json"]);
  });

  it.each([0o600, 0o644, 0o666])("gives the file mode %o whatever the umask", async (mode) => {
    const path = join(folder, "state.json");
    await writeFileAtomic(path, "x", { mode });
    expect((await stat(path)).mode & 0o777).toBe(mode);
  });

  it("is private unless told otherwise", async () => {
    await writeFileAtomic(join(folder, "state.json"), "x");
    expect((await stat(join(folder, "state.json"))).mode & 0o777).toBe(0o600);
  });

  it("never shows a part of the content to a reader", async () => {
    const path = join(folder, "state.json");
    const contents = ["a".repeat(300_000), "b".repeat(300_000)];
    await writeFileAtomic(path, "a".repeat(300_000));
    let writing = true;
    const writer = (async () => {
      for (let i = 0; i < 20; i++) await writeFileAtomic(path, contents[i % 2] ?? "");
      writing = false;
    })();
    while (writing) expect(contents).toContain(await readFile(path, "utf8"));
    await writer;
  });

  it("says that the folder is missing, and makes no file", async () => {
    await expect(writeFileAtomic(join(folder, "no", "state.json"), "x")).rejects.toMatchObject({
      code: "file_not_found",
      hint: `make it: mkdir -p ${join(folder, "no")}`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it("removes what it wrote beside when it cannot be put in place", async () => {
    await mkdir(join(folder, "state.json"));
    await expect(writeFileAtomic(join(folder, "state.json"), "x")).rejects.toThrow();
    expect(await readdir(folder)).toEqual(["state.json"]);
  });
});
