import { appendFile, link, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem } from "@mcp/base";
import { type Logger, run, silentLogger } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RawOutput } from "./raw-output.ts";

describe("a file that QEMU appends to", () => {
  let folder: string;
  let path: string;
  let warnings: string[];
  const open: RawOutput[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-raw-"));
    path = join(folder, "serial");
    warnings = [];
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((raw) => raw.close()));
    await rm(folder, { recursive: true });
  });

  const raw = (how = run): RawOutput => {
    const log: Logger = { ...silentLogger, warn: (message) => warnings.push(message) };
    const made = new RawOutput(path, { log, run: how, slackBytes: 100_000 });
    open.push(made);
    return made;
  };

  it("is empty until it is there", async () => {
    const output = raw();
    expect(await output.size()).toBe(0);
    expect(await output.read(0)).toEqual(Buffer.alloc(0));
    await writeFile(path, "hello");
    expect((await output.read(2)).toString()).toBe("llo");
    expect(warnings).toEqual([]);
  });

  it("gives back the disk space of what was read, and keeps its size and the rest", async () => {
    const output = raw();
    await writeFile(path, "a".repeat(900_000));
    await appendFile(path, "rest");
    await output.shorten(99_999);
    expect((await stat(path)).blocks * 512).toBeGreaterThanOrEqual(900_000);
    await output.shorten(900_000);
    const { size, blocks } = await stat(path);
    expect(size).toBe(900_004);
    expect(blocks * 512).toBeLessThan(10_000);
    await appendFile(path, ", and more");
    expect((await output.read(900_000)).toString()).toBe("rest, and more");
  });

  it("says once that it cannot be shortened, and is read on", async () => {
    const output = raw(async () => {
      throw new Problem("tool_missing", "fallocate is not installed", "install it");
    });
    await writeFile(path, "a".repeat(900_000));
    await output.shorten(900_000);
    await output.shorten(900_000);
    expect(warnings).toEqual(["a console's raw file cannot be shortened"]);
    expect((await output.read(899_999)).toString()).toBe("a");
  });

  it.each([
    ["a link to another file", async () => symlink("/etc/passwd", path)],
    [
      "another name of another file",
      async () => {
        await writeFile(join(folder, "other"), "secret");
        await link(join(folder, "other"), path);
      },
    ],
    ["a pipe", async () => void (await run(["mkfifo", path]))],
  ])("is not read where it is %s", async (_, make) => {
    await make();
    const output = raw();
    expect(await output.read(0)).toEqual(Buffer.alloc(0));
    expect(await output.size()).toBe(0);
    expect(warnings).toEqual(["a console's raw file cannot be read"]);
  });

  it("is not changed where what stands by its name later is another file", async () => {
    const output = raw();
    await writeFile(path, "a".repeat(200_000));
    await output.size();
    await rm(path);
    await writeFile(path, "another");
    await output.shorten(200_000);
    expect(await readFile(path, "utf8")).toBe("another");
  });
});
