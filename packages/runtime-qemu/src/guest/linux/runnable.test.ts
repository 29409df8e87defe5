import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stubProgram } from "../nanos/stub-program.ts";
import { runnableScript } from "./runnable.ts";
import { findBusybox } from "./static-busybox.ts";

const busybox = await findBusybox(undefined);

describe.skipIf(!busybox.ok)(
  `whether a guest can run a file${busybox.ok ? "" : ` (not run: ${busybox.why})`}`,
  () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "mcpt-runnable-"));
      await writeFile(join(folder, "static"), stubProgram(), { mode: 0o755 });
      await writeFile(join(folder, "no x"), "", { mode: 0o644 });
    });
    afterAll(() => rm(folder, { recursive: true }));

    /** What the guest's shell says of it: empty if it can be run. */
    const verdict = async (path: string): Promise<string> => {
      const script = `give_up() { echo "$*"; exit; }\n${runnableScript}program=$1\nmust_be_runnable "$1"`;
      const shell = [busybox.ok ? busybox.path : "", "sh", "-c", script, "sh", path];
      const { stdout, stderr } = await run(shell, { cwd: folder, timeoutMs: 20_000 });
      expect(stderr).toBe("");
      return stdout.trim().replaceAll(`${folder}/`, "");
    };
    const verdictOn = async (bytes: Buffer | string): Promise<string> => {
      const path = join(folder, "program");
      await writeFile(path, bytes);
      await chmod(path, 0o755);
      return verdict(path);
    };
    /** The smallest program, made wrong at some place. */
    const elfWith = (at: number, ...bytes: number[]): Buffer => {
      const elf = stubProgram();
      elf.set(bytes, at);
      return elf;
    };
    const needing = (loader: string): Buffer => {
      const elf = Buffer.concat([stubProgram(), Buffer.from(`${loader}\0`)]);
      const segment = 64;
      elf.writeUInt32LE(3, segment);
      elf.writeBigUInt64LE(BigInt(stubProgram().length), segment + 8);
      elf.writeBigUInt64LE(BigInt(loader.length + 1), segment + 32);
      return elf;
    };

    it("says nothing of what can be run", async () => {
      expect(await verdict(process.execPath)).toBe("");
      expect(await verdict(busybox.ok ? busybox.path : "")).toBe("");
      expect(await verdictOn(stubProgram())).toBe("");
      expect(await verdictOn(needing(join(folder, "static")))).toBe("");
      expect(await verdictOn("#!./static\n")).toBe("");
      expect(await verdictOn("#! \t ./static -x * $(y)\nline\n")).toBe("");
    });

    it.each([
      ["a program whose interpreter is missing", needing("/lib/ld-none.so"), "needs /lib/ld-none.so to run"],
      ["a script whose interpreter is missing", "#!/bin/none -x\n", "needs /bin/none to run"],
      ["a script that ends after its first line", "#!/bin/none", "needs /bin/none to run"],
      ["a script with line ends of another system", "#!./static\r\n", "lines end with CR LF"],
      ["a script that does not say what runs it", "#! \nx\n", "does not say what runs it"],
      ["a script for what may not be executed", "#!./no\tx\n", "needs ./no to run"],
      ["a script that runs itself", "#!./program\n", "run by a script, and so on"],
      ["an ARM64 program", elfWith(18, 183), "is built for ARM64"],
      ["an ARM program", elfWith(4, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 40), "is built for 32-bit ARM"],
      ["a RISC-V program", elfWith(18, 243), "is built for RISC-V"],
      ["a big-endian program", elfWith(5, 2), "is built for another machine"],
      ["an object file", elfWith(16, 1), "is an ELF file, and no program"],
      ["half a header", stubProgram().subarray(0, 40), "is a damaged ELF file"],
      ["a header with odd entries", elfWith(54, 1), "is a damaged ELF file"],
      ["a text", "echo hello\n", "is neither an ELF program nor a script"],
      ["nothing", "", "is neither an ELF program nor a script"],
      ["a zero", Buffer.alloc(1), "is neither an ELF program nor a script"],
    ])("says what is wrong with %s", async (_, bytes, why) => {
      expect(await verdictOn(bytes)).toContain(why);
    });

    it("comes to an end, and to one verdict, whatever the file holds", async () => {
      const whole = await readFile(join(folder, "static"));
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(119), fc.nat(255)), { minLength: 1, maxLength: 6 }),
          async (changes) => {
            const bytes = Buffer.from(whole);
            for (const [at, byte] of changes) bytes[at] = byte;
            expect((await verdictOn(bytes)).split("\n")).toHaveLength(1);
          },
        ),
        { numRuns: 60 },
      );
    });
  },
);
