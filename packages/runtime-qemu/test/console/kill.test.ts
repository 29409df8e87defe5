import { type ChildProcess, spawn } from "node:child_process";
import { appendFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, silentLogger } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Console } from "../../src/console/console.ts";
import { readLog } from "../../src/console/read-log.ts";
import { VmFolder } from "../../src/vm/vm-folder.ts";

describe("a console whose agent is killed again and again", () => {
  let folder: VmFolder;
  let follower: ChildProcess | undefined;
  beforeEach(async () => {
    folder = VmFolder.at(await mkdtemp(join(tmpdir(), "mcpt-kill-")));
    await mkdir(folder.run);
  });
  afterEach(async () => {
    follower?.kill("SIGKILL");
    await rm(folder.path, { recursive: true });
  });

  const follow = (maxLogBytes: number) => {
    const script = join(import.meta.dirname, "follower.ts");
    const argv = ["--conditions=@mcp/source", script, folder.path, String(maxLogBytes)];
    follower = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "inherit"] });
    return follower;
  };
  const kill = async (child: ChildProcess) => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  };
  const options = () => ({
    folder,
    outputs: { stdout: "stdout", stderr: "stderr" },
    clock: realClock,
    log: silentLogger,
  });

  it.each([
    ["with one log", 64 * 1024 * 1024],
    ["while its log is rotated", 3 * 1024 * 1024],
  ])("loses no line and repeats none, %s", { timeout: 90_000 }, async (_, maxLogBytes) => {
    const first = new Console(options());
    await first.newBoot();
    await first.close();
    let written = 0;
    let isOver = false;
    const writing = (async () => {
      while (!isOver) {
        const numbers = Array.from({ length: 20 }, () => written++);
        await appendFile(
          join(folder.run, "stdout"),
          numbers.map((number) => `out ${number} ${"x".repeat(number % 90)}\r\n`).join(""),
        );
        await appendFile(join(folder.run, "stderr"), numbers.map((number) => `err ${number}\n`).join(""));
        await realClock.sleep(1);
      }
    })();
    for (let life = 0; life < 12; life++) {
      const child = follow(maxLogBytes);
      await realClock.sleep(250 + ((life * 97) % 300));
      await kill(child);
    }
    isOver = true;
    await writing;
    await new Console({ ...options(), maxLogBytes }).finish();
    const lines = await Array.fromAsync(readLog(folder, {}, AbortSignal.timeout(20_000), () => true));
    for (const [stream, word] of [
      ["stdout", "out"],
      ["stderr", "err"],
    ] as const) {
      const numbers = lines
        .filter((line) => line.stream === stream)
        .map(({ text }) => Number(text.split(" ")[1]));
      const expected = Array.from(
        { length: numbers.length },
        (_unused, index) => written - numbers.length + index,
      );
      expect(numbers, word).toEqual(expected);
      if (maxLogBytes > 10 * 1024 * 1024) expect(numbers.length).toBe(written);
      expect(numbers.length).toBeGreaterThan(1_000);
    }
    for (const [index, { atMs }] of lines.entries())
      expect(atMs).toBeGreaterThanOrEqual(lines[index - 1]?.atMs ?? 0);
  });
});
