import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFile } from "./lock-file.ts";

describe("locking a file", () => {
  let folder: string;
  const files: FileHandle[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-lock-"));
  });
  afterEach(async () => {
    for (const file of files.splice(0)) await file.close();
    await rm(folder, { recursive: true, force: true });
  });
  const opened = async () => {
    const file = await open(join(folder, "lock"), "a");
    files.push(file);
    return file;
  };

  it("shuts out others, also in the same process, until the file is closed", async () => {
    const holder = await opened();
    expect(await lockFile(holder)).toBe(true);
    expect(await lockFile(await opened())).toBe(false);
    await holder.close();
    expect(await lockFile(await opened())).toBe(true);
  });

  it("can be waited for", async () => {
    const holder = await opened();
    await lockFile(holder);
    expect(await lockFile(await opened(), { waitMs: 50 })).toBe(false);
    const waiting = lockFile(await opened(), { waitMs: 15_000 });
    await holder.close();
    expect(await waiting).toBe(true);
  });

  it("is given up when it is no longer wanted, and says why", async () => {
    await lockFile(await opened());
    const leaving = new AbortController();
    const waiting = lockFile(await opened(), { waitMs: 60_000, signal: leaving.signal });
    leaving.abort(new Error("leaving"));
    await expect(waiting).rejects.toThrow("leaving");
  });
});
