import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BootWatch } from "./boot-watch.ts";

const never = new AbortController().signal;
/** So long that a test which waited for it fails. */
const everyMs = 60_000;

describe("who waits for a boot", () => {
  let path: string;
  let run: string;
  let watch: BootWatch;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), "mcp-boot-watch-"));
    run = join(path, "run");
    await mkdir(run);
    watch = new BootWatch({ path, run }, "status", realClock, everyMs);
  });

  afterEach(async () => {
    watch[Symbol.dispose]();
    await rm(path, { recursive: true });
  });

  it.each([
    ["the guest has written", () => join(run, "status")],
    ["the keeper has written", () => join(path, "exit")],
  ])("is woken when %s", async (_, file) => {
    const woken = watch.next(never);
    await writeFile(file(), "started\n");
    await woken;
  });

  it("is not made to wait for what was written before it asked", async () => {
    await writeFile(join(run, "status"), "started\n");
    await realClock.sleep(50, never);
    await watch.next(never);
  });

  it.each([
    ["the guest's kernel prints", () => join(run, "serial")],
    ["the log grows", () => join(path, "log")],
  ])("is left alone when %s", async (_, file) => {
    let isWoken = false;
    const over = new AbortController();
    const waiting = watch.next(over.signal).then(
      () => {
        isWoken = true;
      },
      () => {},
    );
    await writeFile(file(), "a line\n");
    await realClock.sleep(100, never);
    over.abort();
    await waiting;
    expect(isWoken).toBe(false);
  });

  it("looks again although nobody tells", async () => {
    using patient = new BootWatch({ path, run }, "status", realClock, 20);
    await patient.next(never);
  });

  it("looks often where files cannot be watched", async () => {
    using blind = new BootWatch({ path, run: join(path, "missing") }, "status", realClock, everyMs);
    await blind.next(never);
  });

  it("is told of an abort", async () => {
    const over = new AbortController();
    const waiting = watch.next(over.signal);
    over.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
