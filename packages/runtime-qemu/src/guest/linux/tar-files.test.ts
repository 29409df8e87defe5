import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { readTar } from "./tar-files.ts";

const make = `mkdir -p "$1/etc" "$1/${"long/".repeat(50)}" && echo root >"$1/etc/passwd" && echo deep >"$1/${"long/".repeat(50)}file" &&
  touch -d @1000 "$1/etc/passwd" && touch -d @2000 "$1/${"long/".repeat(50)}file" && find "$1" -type d -exec touch -d @500 {} + &&
  touch -d @9999999999 "$1/etc" && tar -C "$1" --format="$2" -cf "$3" .`;

describe("a look into a tar archive", () => {
  it.each(["gnu", "pax"])(
    "finds files by short and long names, and the newest, in one of format %s",
    async (format) => {
      const folder = await mkdtemp(join(tmpdir(), "mcpt-tar-"));
      try {
        await run(["sh", "-c", make, "sh", join(folder, "root"), format, join(folder, "tar")]);
        const long = `${"long/".repeat(50)}file`;
        const { files, newest } = await readTar(
          join(folder, "tar"),
          new Set(["etc/passwd", long, "etc"]),
          Date.now(),
        );
        expect(Object.fromEntries(files)).toEqual({ "etc/passwd": "root\n", [long]: "deep\n" });
        expect(newest).toBe(2000);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});
