import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { withRig } from "./with-rig.ts";

describe("a program run in a container", () => {
  const at = withRig();
  const started = async (signal: AbortSignal) => {
    const spec = at.spec({ does: "sleeps" });
    await at.runtime.start(spec, signal);
    return (argv: readonly string[], timeoutMs = 10_000) =>
      at.runtime.exec(spec.name, argv, { timeoutMs }, signal);
  };

  it("leaves none of its supervisors behind", async ({ signal }) => {
    const exec = await started(signal);
    for (let round = 0; round < 5; round++) await exec(["true"]);
    await expect.poll(() => execSupervisors(at.rig.folder)).toEqual([]);
  });

  it("is killed when its time is over", async ({ signal }) => {
    const exec = await started(signal);
    await expect(exec(["sleep", "4711"], 500)).rejects.toMatchObject({
      code: "timed_out",
      message: expect.stringContaining("sleep did not end in"),
    });
    await expect.poll(async () => (await commands()).filter((c) => c === "sleep 4711")).toEqual([]);
  });

  it("that is not there has the exit code of a shell for it", async ({ signal }) => {
    const exec = await started(signal);
    expect(await exec(["no-such-program"])).toMatchObject({ exitCode: 127 });
  });

  it("shows the last 64 KiB of what it printed", async ({ signal }) => {
    const exec = await started(signal);
    const { output } = await exec(["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo $i; done"]);
    expect(output.length).toBe(64 * 1024);
    expect(output.endsWith("19999\n20000\n")).toBe(true);
  });

  it("can print nothing, or what is no text", async ({ signal }) => {
    const exec = await started(signal);
    expect(await exec(["true"])).toEqual({ exitCode: 0, output: "" });
    expect((await exec(["sh", "-c", "printf 'a\\377b'"])).output).toBe("a\ufffdb");
  });

  it("cannot be run in what has ended", async ({ signal }) => {
    const spec = at.spec({ does: "prints and exits", code: 0 });
    await at.output(spec, signal);
    await expect(at.runtime.exec(spec.name, ["true"], { timeoutMs: 5_000 }, signal)).rejects.toMatchObject({
      code: "workload_not_found",
      message: expect.stringContaining("does not run"),
    });
  });
});

async function commands(): Promise<string[]> {
  const all = await Promise.all(
    (await readdir("/proc"))
      .filter((entry) => /^\d+$/.test(entry))
      .map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return all.map((command) => command.replaceAll("\0", " ").trim());
}

async function execSupervisors(folder: string): Promise<string[]> {
  return (await commands()).filter(
    (command) => command.includes("--exec-attach") && command.includes(folder),
  );
}
