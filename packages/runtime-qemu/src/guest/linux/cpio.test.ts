import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { type CpioEntry, cpioArchive } from "./cpio.ts";
import { findBusybox } from "./static-busybox.ts";

const busybox = await findBusybox(undefined);

const entries: readonly CpioEntry[] = [
  { path: "bin", type: "folder", mode: 0o755 },
  { path: "bin/odd", type: "file", mode: 0o400, data: Buffer.from("12345") },
  { path: "bin/\u00e4 b", type: "file", mode: 0o755, data: new Uint8Array() },
];

describe("a cpio archive", () => {
  it("begins with a header of the newc format, and is a multiple of four bytes", () => {
    const archive = cpioArchive([{ path: "dev/console", type: "device", mode: 0o600, major: 5, minor: 1 }]);
    expect(archive.length % 4).toBe(0);
    expect(archive.toString("latin1", 0, 110)).toBe(
      ["070701", "00000001", "00002180", "00000000", "00000000", "00000001", "00000000", "00000000"].join(
        "",
      ) + ["00000000", "00000000", "00000005", "00000001", "0000000c", "00000000"].join(""),
    );
    expect(archive.toString("latin1", 110, 122)).toBe("dev/console\0");
  });

  it("is the same bytes for the same entries", () => {
    expect(cpioArchive(entries).equals(cpioArchive(entries))).toBe(true);
  });

  it.skipIf(!busybox.ok)("is unpacked by a program that knows the format", async () => {
    if (!busybox.ok) return;
    const folder = await mkdtemp(join(tmpdir(), "mcpt-cpio-"));
    try {
      await run([busybox.path, "cpio", "-i"], { cwd: folder, stdin: cpioArchive(entries) });
      expect(await readFile(join(folder, "bin/odd"), "utf8")).toBe("12345");
      expect((await stat(join(folder, "bin/odd"))).mode & 0o777).toBe(0o400);
      expect((await stat(join(folder, "bin/\u00e4 b"))).size).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
