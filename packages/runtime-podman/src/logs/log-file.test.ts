import { appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "@mcp/host";
import type { LogLine, LogOptions } from "@mcp/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readLogFile } from "./log-file.ts";

const startMs = Date.UTC(2026, 0, 1);
const stamp = (second: number) =>
  new Date(startMs + second * 1_000).toISOString().replace("Z", "000000+00:00");
const full = (second: number, text: string, stream = "stdout") => `${stamp(second)} ${stream} F ${text}\n`;
const piece = (second: number, text: string, stream = "stdout") => `${stamp(second)} ${stream} P ${text}\n`;
const { signal } = new AbortController();

describe("a container's log file", () => {
  let folder: string;
  let path: string;
  let isOver: boolean;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-log-"));
    path = join(folder, "ctr.log");
    isOver = true;
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = (options: LogOptions = {}) =>
    readLogFile(path, { ...options, clock: realClock, isOver: async () => isOver }, signal);
  const texts = async (options: LogOptions = {}) =>
    (await Array.fromAsync(read(options))).map((line) => line.text);

  it("gives each line with its stream and its time to the millisecond", async () => {
    const line = "2026-11-21T17:23:49.348397064+00:00 stderr F oops: a b\n";
    await writeFile(path, line);
    expect(await Array.fromAsync(read())).toEqual([
      { atMs: Date.UTC(2026, 10, 21, 17, 23, 49, 348), stream: "stderr", text: "oops: a b" },
    ]);
  });

  it("is empty before it is there", async () => {
    expect(await texts()).toEqual([]);
    expect(await texts({ tail: 5, follow: true })).toEqual([]);
  });

  it("puts pieces together for each stream apart, also inside a letter", async () => {
    const letter = Buffer.from("é");
    const stdout = Buffer.concat([
      Buffer.from(piece(1, "a")).subarray(0, -1),
      letter.subarray(0, 1),
      Buffer.from("\n"),
    ]);
    await writeFile(path, stdout);
    await appendFile(path, piece(1, "err", "stderr"));
    await appendFile(
      path,
      Buffer.concat([Buffer.from(`${stamp(2)} stdout F `), letter.subarray(1), Buffer.from("b\n")]),
    );
    await appendFile(path, full(3, "or", "stderr"));
    expect(await Array.fromAsync(read())).toMatchObject([
      { stream: "stdout", text: "aéb", atMs: startMs + 2_000 },
      { stream: "stderr", text: "error", atMs: startMs + 3_000 },
    ]);
  });

  it("gives a last line that was never ended", async () => {
    await writeFile(path, full(1, "a") + piece(2, "prompt> "));
    expect(await texts()).toEqual(["a", "prompt> "]);
  });

  it("counts a last line that was never ended into a tail", async () => {
    await writeFile(path, full(1, "a") + full(2, "b") + piece(3, "c"));
    expect(await texts({ tail: 0 })).toEqual([]);
    expect(await texts({ tail: 1 })).toEqual(["c"]);
    expect(await texts({ tail: 2 })).toEqual(["b", "c"]);
    expect(await texts({ tail: 7 })).toEqual(["a", "b", "c"]);
    expect(await texts({ tail: 1, sinceMs: startMs + 4_000 })).toEqual([]);
  });

  it("keeps a last line that was not ended yet for what follows the tail", async () => {
    isOver = false;
    await writeFile(path, full(1, "a") + piece(2, "b"));
    const seen: string[] = [];
    for await (const { text } of read({ follow: true, tail: 1 })) {
      seen.push(text);
      if (text === "a") await appendFile(path, full(3, "c"));
      isOver = true;
    }
    expect(seen).toEqual(["a", "bc"]);
  });

  it("passes over what is no record", async () => {
    await writeFile(path, `${full(1, "a")}garbage\n\n${stamp(2)} stdout\n${full(3, "b")}2026-01`);
    expect(await texts()).toEqual(["a", "b"]);
  });

  describe.each([
    ["short", 12, 10],
    ["long", 40_000, 30],
  ])("of %s length", (_length, count, width) => {
    const text = (index: number) => `line ${index} ${"x".repeat(width)}`;
    const all = Array.from({ length: count }, (_, index) => text(index));
    beforeEach(async () => {
      await writeFile(path, all.map((line, index) => full(index, line)).join(""));
    });

    it.each([0, 1, 5, count - 1, count, count + 7])("has a tail of %i lines", async (tail) => {
      expect(await texts({ tail })).toEqual(tail === 0 ? [] : all.slice(-tail));
    });

    it("begins at a time", async () => {
      for (const first of [0, 1, count - 3, count]) {
        expect(await texts({ sinceMs: startMs + first * 1_000 })).toEqual(all.slice(first));
        expect(await texts({ sinceMs: startMs + first * 1_000, tail: 2 })).toEqual(
          all.slice(first).slice(-2),
        );
      }
    });

    it("is whole without either", async () => {
      expect(await texts()).toEqual(all);
    });
  });

  it("has a tail that holds long lines whole", async () => {
    const long = (letter: string) => letter.repeat(150_000);
    const inPieces = (text: string) =>
      (text.match(/.{1,8000}/g) ?? []).map((part) => piece(1, part)).join("") + full(1, "");
    await writeFile(path, inPieces(long("a")) + inPieces(long("b")) + full(2, "c"));
    expect(await texts({ tail: 2 })).toEqual([long("b"), "c"]);
  });

  it("is followed until it is over, and what came last is not lost", async () => {
    isOver = false;
    await writeFile(path, full(1, "a"));
    const seen: LogLine[] = [];
    for await (const line of read({ follow: true })) {
      seen.push(line);
      if (line.text === "a") await appendFile(path, full(2, "b") + piece(3, "c"));
      if (line.text === "b") {
        await appendFile(path, full(4, "d"));
        isOver = true;
      }
    }
    expect(seen.map((line) => line.text)).toEqual(["a", "b", "cd"]);
  });

  it("is followed into the file that takes its place", async () => {
    isOver = false;
    await writeFile(path, full(1, "a"));
    const seen: string[] = [];
    for await (const { text } of read({ follow: true, tail: 1 })) {
      seen.push(text);
      if (text !== "a") continue;
      await appendFile(path, full(2, "last of the old"));
      await writeFile(`${path}.tmp`, full(3, "first of the new"));
      await rename(`${path}.tmp`, path);
      isOver = true;
    }
    expect(seen).toEqual(["a", "last of the old", "first of the new"]);
  });

  it("rethrows the reason of an abort while it waits", async () => {
    isOver = false;
    const controller = new AbortController();
    const options = { follow: true, clock: realClock, isOver: async () => false };
    const following = Array.fromAsync(readLogFile(path, options, controller.signal));
    controller.abort("enough");
    await expect(following).rejects.toBe("enough");
  });
});
