import {
  appendFile,
  copyFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "@mcp/host";
import type { LogLine, LogOptions } from "@mcp/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VmFolder } from "../vm/vm-folder.ts";
import { readLog } from "./read-log.ts";
import { type StampedLine, StampedLog } from "./stamped-log.ts";

describe("a stamped log", () => {
  let folder: VmFolder;
  const logs: StampedLog[] = [];
  beforeEach(async () => {
    folder = VmFolder.at(await mkdtemp(join(tmpdir(), "mcpt-log-")));
  });
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.close().catch(() => {});
    await rm(folder.path, { recursive: true });
  });

  const open = async (maxBytes = 1024 * 1024) => {
    const log = await StampedLog.open(folder.log, { maxBytes });
    logs.push(log);
    return log;
  };
  const line = (text: string, end: number, more: Partial<StampedLine> = {}): StampedLine => ({
    stream: "stdout",
    end,
    bytes: Buffer.from(text),
    isFound: false,
    ...more,
  });
  const lines = (options: LogOptions = {}) =>
    Array.fromAsync(readLog(folder, options, new AbortController().signal, () => true));
  const texts = async (options: LogOptions = {}) => (await lines(options)).map(({ text }) => text);
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
  const append = async (log: StampedLog, from: number, to: number) => {
    for (const [index, text] of numbers(from, to).entries())
      await log.append([line(text, from + index + 1)], from + index);
  };

  it("keeps what a guest wrote in its own bytes, with time, stream and mark", async () => {
    const log = await open();
    await log.append([line("é\r \t", 5), line("", 6, { stream: "stderr", isFound: true })], 1_000);
    expect(await lines()).toEqual([
      { atMs: 1_000, stream: "stdout", text: "é\r \t" },
      { atMs: 1_000, stream: "stderr", text: "", found: true },
    ] satisfies LogLine[]);
    expect(log.positions).toEqual({ stdout: 5, stderr: 6 });
  });

  it("never goes back in time, also after it was opened again", async () => {
    await (await open()).append([line("a", 1)], 1_000);
    const again = await open();
    await again.append([line("b", 2)], 500);
    await again.append([line("c", 3)], 1_500);
    expect((await lines()).map(({ atMs }) => atMs)).toEqual([1_000, 1_000, 1_500]);
  });

  it("goes on after a kill in the middle of any write, with neither a line nor a position too many", async () => {
    await append(await open(), 0, 3);
    const whole = await readFile(folder.log);
    for (let length = 0; length <= whole.length; length++) {
      await truncate(folder.log, length);
      const log = await open();
      // Whoever reads the output again begins where the log says.
      await append(log, log.positions.stdout, 3);
      await log.close();
      expect(await texts()).toEqual(numbers(0, 3));
      await writeFile(folder.log, whole);
    }
  });

  it("goes on after a kill at any point of a rotation", async () => {
    const maxBytes = 400;
    await append(await open(maxBytes), 0, 3);
    const before = await readFile(folder.log);
    const header = "3 at stdout=3 stderr=0\n";
    const points: Record<string, () => Promise<void>> = {
      "the new log is begun": () => writeFile(`${folder.log}.new`, header.slice(0, 8)),
      "the new log is made": () => writeFile(`${folder.log}.new`, header),
      "the old log is moved away": async () => {
        await writeFile(`${folder.log}.new`, header);
        await rename(folder.log, `${folder.log}.1`);
      },
      "the new log is in place": async () => {
        await rename(folder.log, `${folder.log}.1`);
        await writeFile(folder.log, header);
      },
    };
    for (const [point, make] of Object.entries(points)) {
      for (const name of await readdir(folder.path)) await rm(join(folder.path, name));
      await writeFile(folder.log, before);
      await make();
      const log = await open(maxBytes);
      expect(log.positions, point).toEqual({ stdout: 3, stderr: 0 });
      await append(log, 3, 5);
      await log.close();
      expect(await texts(), point).toEqual(numbers(0, 5));
      expect(await readdir(folder.path), point).not.toContain("log.new");
    }
  });

  it("stays small, keeps the newest lines, and knows its positions after many rotations", async () => {
    const maxBytes = 20_000;
    const log = await open(maxBytes);
    await log.append([line("quiet", 77, { stream: "stderr" })], 0);
    await append(log, 0, 3_000);
    const sizes = await Promise.all(
      [folder.log, `${folder.log}.1`].map(async (path) => (await stat(path)).size),
    );
    expect(sizes[0] ?? 0).toBeLessThanOrEqual(maxBytes / 2);
    expect(sizes[1] ?? 0).toBeLessThanOrEqual(maxBytes / 2);
    const kept = await texts();
    expect(kept).toEqual(numbers(3_000 - kept.length, 3_000));
    expect(kept.length).toBeGreaterThan(300);
    expect((await open(maxBytes)).positions).toEqual({ stdout: 3_000, stderr: 77 });
  });

  it("finds its positions behind a line that is longer than what it looks at first", async () => {
    const log = await open(16 * 1024 ** 2);
    await log.append([line("e", 9, { stream: "stderr" })], 1);
    await log.append([line("x".repeat(1_000_000), 1_000_001)], 2);
    expect((await open(16 * 1024 ** 2)).positions).toEqual({ stdout: 1_000_001, stderr: 9 });
    expect((await texts({ tail: 1 })).map(({ length }) => length)).toEqual([1_000_000]);
  });

  it("is read on across what is no record", async () => {
    await append(await open(), 0, 2);
    await appendFile(folder.log, "\0\0\0garbage\n");
    await append(await open(), 2, 3);
    expect(await texts()).toEqual(numbers(0, 3));
  });

  it("gives only the last lines, also across a rotation, and those of a time or later", async () => {
    await append(await open(20_000), 0, 600);
    const all = await lines();
    const inNewest = (await readFile(folder.log, "utf8")).split("\n").length - 2;
    for (const tail of [0, 1, inNewest - 1, inNewest, inNewest + 1, inNewest + 100, 10_000])
      expect(await lines({ tail })).toEqual(tail === 0 ? [] : all.slice(-tail));
    for (const sinceMs of [0, 300, 599, 600, all.at(-inNewest)?.atMs ?? 0]) {
      expect(await lines({ sinceMs })).toEqual(all.filter(({ atMs }) => atMs >= sinceMs));
      expect(await lines({ sinceMs, tail: 5 })).toEqual(all.slice(-5).filter(({ atMs }) => atMs >= sinceMs));
    }
  });

  it("is followed through rotations without losing or repeating a line, until the machine has ended", async () => {
    const log = await open(40_000);
    let isOver = false;
    const seen: string[] = [];
    const following = (async () => {
      const signal = AbortSignal.timeout(15_000);
      for await (const { text } of readLog(folder, { follow: true }, signal, () => isOver)) seen.push(text);
    })();
    for (let from = 0; from < 4_000; from += 100) {
      await append(log, from, from + 100);
      await realClock.sleep(20);
    }
    isOver = true;
    await following;
    expect(seen).toEqual(numbers(0, 4_000));
  });

  it("is followed from before it is there, and an abort rethrows its reason", async () => {
    const controller = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { text } of readLog(
        folder,
        { follow: true, tail: 0 },
        controller.signal,
        () => false,
      )) {
        seen.push(text);
        controller.abort("enough");
      }
    })();
    await realClock.sleep(60);
    await append(await open(), 0, 1);
    await expect(following).rejects.toBe("enough");
    expect(seen).toEqual(["line 0"]);
  });

  it("is not copied over by what is left of a rotation that was not needed", async () => {
    await append(await open(), 0, 2);
    await copyFile(folder.log, `${folder.log}.new`);
    await append(await open(), 2, 3);
    expect(await texts()).toEqual(numbers(0, 3));
  });
});
