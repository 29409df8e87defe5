import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Run, run } from "@mcp/host";
import { expect, it, onTestFinished } from "vitest";
import { Host } from "./host.ts";

const { signal } = new AbortController();

it("QEMU is asked for its version once, and again when it looks another", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mcpt-"));
  const { PATH = "" } = process.env;
  onTestFinished(async () => {
    process.env.PATH = PATH;
    await rm(folder, { recursive: true });
  });
  await chmod(folder, 0o755);
  process.env.PATH = `${folder}${delimiter}${PATH}`;
  const install = async (version: string): Promise<void> => {
    const path = join(folder, "qemu-system-x86_64");
    await writeFile(path, `#!/bin/sh\necho "QEMU emulator version ${version}"\n`);
    await chmod(path, 0o755);
  };
  let asked = 0;
  const counted: Run = (argv, options) => {
    if (argv.includes("--version")) asked++;
    return run(argv, options);
  };
  const user = process.getuid?.() === 0 ? "nobody" : "";
  const host = new Host({ stateDir: folder, imageDir: folder, accel: "tcg", user, run: counted });
  const versionNow = async (): Promise<string> => {
    // Else the facts of ten seconds are told again.
    await host.kvmFailed("internal-error", signal);
    return (await host.facts(signal)).qemu.version;
  };
  await install("7.2.0");
  expect([await versionNow(), await versionNow()]).toEqual(["7.2.0", "7.2.0"]);
  expect(asked).toBe(1);
  await install("8.2.10");
  expect(await versionNow()).toBe("8.2.10");
  expect(asked).toBe(2);
});
