import { appendFile, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, realClock, silentLogger } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VmFolder } from "../vm/vm-folder.ts";
import { Console, type ConsoleOptions } from "./console.ts";
import { readLog } from "./read-log.ts";

describe("a machine's console", () => {
  let folder: VmFolder;
  const consoles: Console[] = [];
  beforeEach(async () => {
    folder = VmFolder.at(await mkdtemp(join(tmpdir(), "mcp-console-")));
    await mkdir(folder.run);
  });
  afterEach(async () => {
    await Promise.all(consoles.splice(0).map((one) => one.close()));
    await rm(folder.path, { recursive: true });
  });

  const open = (more: Partial<ConsoleOptions> = {}): Console => {
    const outputs = { stdout: "serial", stderr: "err" };
    const made = new Console({ folder, outputs, clock: realClock, log: silentLogger, ...more });
    consoles.push(made);
    return made;
  };
  const writes = (text: string | Buffer, name = "serial") => appendFile(join(folder.run, name), text);
  const lines = (options = {}) =>
    Array.fromAsync(readLog(folder, options, new AbortController().signal, () => true));
  const texts = async (options = {}) => (await lines(options)).map(({ text }) => text);

  it("stamps each line when it is read, with the stream that it came by", async () => {
    const console = open();
    await console.newBoot();
    console.start();
    const before = Date.now();
    await writes("hello\r\nwor");
    await writes("oops\n", "err");
    await expect.poll(() => texts()).toEqual(expect.arrayContaining(["hello", "oops"]));
    await writes("ld\n");
    await expect.poll(() => texts()).toContain("world");
    for (const line of await lines()) {
      expect(line.stream).toBe(line.text === "oops" ? "stderr" : "stdout");
      expect(line.atMs).toBeGreaterThanOrEqual(before);
      expect(line).not.toHaveProperty("found");
    }
  });

  it("marks what was written while nobody read, and goes on where it was", async () => {
    const first = open();
    await first.newBoot();
    first.start();
    await writes("one\ntwo\nthr");
    await expect.poll(() => texts()).toEqual(["one", "two"]);
    await first.close();
    await writes("ee\nfour\nfi");
    const second = open();
    second.start();
    await expect.poll(() => texts()).toEqual(["one", "two", "three", "four"]);
    await writes("ve\n");
    await expect.poll(() => texts()).toEqual(["one", "two", "three", "four", "five"]);
    expect((await lines()).map(({ found = false }) => found)).toEqual([false, false, true, true, false]);
  });

  it("shows a last line that was never ended once the machine has", async () => {
    const console = open();
    await console.newBoot();
    console.start();
    await writes("one\nno end");
    await console.finish();
    expect(await texts()).toEqual(["one", "no end"]);
    await open().finish();
    expect(await texts()).toEqual(["one", "no end"]);
  });

  it("reads what an earlier boot left before it begins anew", async () => {
    await writes("left\n");
    const console = open();
    await console.newBoot();
    console.start();
    await writes("new\n");
    await console.finish();
    expect(await lines()).toMatchObject([{ text: "left", found: true }, { text: "new" }]);
  });

  it("says how much nobody read in time, where it was, and goes on after it", async () => {
    const first = open({ unreadBytes: 1_000 });
    await first.newBoot();
    first.start();
    await writes("one\nhalf");
    await expect.poll(() => texts()).toEqual(["one"]);
    await first.close();
    await writes(`${"x".repeat(4_991)}\n${"y".repeat(999)}\n`);
    const second = open({ unreadBytes: 1_000 });
    second.start();
    const gone = "mcp: 4996 bytes were written here that nobody read in time; they are gone";
    const again = "mcp: before the lines above, 4996 bytes are gone that nobody read in time";
    await expect.poll(() => texts()).toEqual(["one", gone, "y".repeat(999), again]);
    const found = true;
    expect(await lines()).toMatchObject([{ text: "one" }, { text: gone, found }, { found }, { found }]);
    await second.close();
    await writes("two\n");
    const third = open({ unreadBytes: 1_000 });
    third.start();
    await expect.poll(() => texts()).toEqual(["one", gone, "y".repeat(999), again, "two"]);
  });

  it("says at the end what is gone, also where the last line was never ended", async () => {
    const console = open({ unreadBytes: 1_000 });
    await console.newBoot();
    await writes("x".repeat(3_000));
    await console.finish();
    expect((await texts()).at(-1)).toBe(
      "mcp: before the lines above, 2000 bytes are gone that nobody read in time",
    );
  });

  it("brings a line of 40 000 characters back whole", async () => {
    const console = open();
    await console.newBoot();
    console.start();
    for (let i = 0; i < 40; i++) await writes("x".repeat(1_000));
    await writes("\r\nafter\n");
    await console.finish();
    expect(await texts()).toEqual(["x".repeat(40_000), "after"]);
  });

  it("warns once when the log cannot be written, and misses nothing once it can", async () => {
    const warnings: string[] = [];
    const log: Logger = { ...silentLogger, warn: (message) => warnings.push(message) };
    await mkdir(folder.log);
    const console = open({ log });
    console.start();
    await writes("one\n");
    await realClock.sleep(1_300);
    expect(warnings).toEqual(["a console cannot be written down"]);
    await rm(folder.log, { recursive: true });
    await expect.poll(() => texts()).toEqual(["one"]);
    await writes("two\n");
    await expect.poll(() => texts()).toEqual(["one", "two"]);
  });

  it("keeps only the end of files that are no part of the log", async () => {
    const console = open({ bounded: ["kernel"], slackBytes: 100_000 });
    await console.newBoot();
    console.start();
    const blocks = async () => (await stat(join(folder.run, "kernel"))).blocks * 512;
    await writes("x".repeat(3_000_000), "kernel");
    await expect.poll(blocks).toBeLessThan(1_300_000);
    expect(await blocks()).toBeGreaterThan(900_000);
    expect(await texts()).toEqual([]);
  });

  it("is read without being watched", async () => {
    await rm(folder.run, { recursive: true });
    const console = open();
    console.start();
    await realClock.sleep(150);
    await mkdir(folder.run);
    await writes("one\n");
    await expect.poll(() => texts()).toEqual(["one"]);
  });
});
