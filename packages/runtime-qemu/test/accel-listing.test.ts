import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { expect, it } from "vitest";
import { guestCode, guestListing } from "../src/accel/guest-code.ts";
import { findProgram } from "../src/process/find-program.ts";

const found = await Promise.all(["as", "ld"].map((name) => findProgram(name)));
const missing = found.includes(undefined) ? "as and ld are not installed (apt install binutils)" : undefined;

it.skipIf(missing)(
  `the guest that proves KVM is what its listing says${missing ? ` (not run: ${missing})` : ""}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcpt-"));
    try {
      const [source, object, code] = ["guest.s", "guest.o", "guest"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      const lines = guestListing.split("\n").map((line) => line.replace(/^[^|]*\|?/, ""));
      await writeFile(source, [".intel_syntax noprefix", ...lines, ""].join("\n"));
      await run(["as", "--64", "-o", object, source]);
      await run([...["ld", "-Ttext=0x100000", "-e", "0x100000", "--oformat", "binary", "-o", code, object]]);
      expect(Buffer.from(guestCode()).toString("hex")).toBe((await readFile(code)).toString("hex"));
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
