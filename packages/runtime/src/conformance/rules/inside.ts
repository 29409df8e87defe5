import { chmod, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Bench } from "../bench.ts";

export const insideRules = {
  "the environment reaches the workload as it was written": async (bench: Bench) => {
    const value = `a "b" 'c' $HOME \\ ; é =`;
    const script = { does: "prints its environment", variable: "GREETING" } as const;
    const spec = await bench.start(script, { env: { GREETING: value } });
    await bench.untilExited(spec.name);
    expect(await bench.texts(spec.name)).toEqual([value]);
  },

  "a volume shows the host's folder, where volumes can be had": async (bench: Bench) => {
    if (!(await canDo(bench)).volumes.ok) return;
    const host = await mkdtemp(join(bench.rig.volumeFolder, "volume-"));
    // Whoever the backend runs as must get in.
    await chmod(host, 0o755);
    await writeFile(join(host, "note"), "from the host\n", { mode: 0o644 });
    const volumes = [{ host, guest: "/data", readOnly: true, relabel: false }];
    const spec = await bench.start({ does: "prints a file", path: "/data/note" }, { volumes });
    await bench.untilExited(spec.name);
    expect(await bench.texts(spec.name)).toEqual(["from the host"]);
  },

  "a volume whose path is a link is refused, and nothing is left": async (bench: Bench) => {
    if (!(await canDo(bench)).volumes.ok) return;
    const folder = await mkdtemp(join(bench.rig.volumeFolder, "volume-"));
    await chmod(folder, 0o755);
    await symlink("/", join(folder, "link"));
    for (const host of [join(folder, "link"), join(folder, "link/etc")]) {
      const volumes = [{ host, guest: "/data", readOnly: false, relabel: false }];
      const spec = await bench.spec({ does: "sleeps" }, { volumes });
      await bench.problem("volume_not_allowed", bench.runtime.start(spec, bench.signal));
      expect(await bench.isListed(spec.name)).toBe(false);
    }
  },

  "stats tell of what runs and of nothing else, or nothing where they cannot be had": async (
    bench: Bench,
  ) => {
    const running = await bench.start({ does: "sleeps" });
    const ended = await bench.start({ does: "prints and exits", code: 0 });
    await bench.untilExited(ended.name);
    const stats = await bench.runtime.stats(bench.signal);
    if (!(await canDo(bench)).stats.ok) return expect(stats.size).toBe(0);
    expect(stats.has(ended.name)).toBe(false);
    const usage = stats.get(running.name);
    expect(usage?.memoryBytes).toBeGreaterThan(0);
    expect(usage?.cpuCores).toBeGreaterThanOrEqual(0);
  },

  "exec runs a program inside and tells its exit code and output": async (bench: Bench) => {
    const { name } = await bench.start({ does: "sleeps" });
    const exec = (...argv: string[]) => bench.runtime.exec(name, argv, { timeoutMs: 10_000 }, bench.signal);
    if (!(await canDo(bench)).exec.ok) return void (await bench.problem("runtime_unsupported", exec("true")));
    expect(await exec("echo", "a b", "$HOME")).toEqual({ exitCode: 0, output: "a b $HOME\n" });
    expect(await exec("sh", "-c", "echo out; echo err >&2; exit 3")).toEqual({
      exitCode: 3,
      output: "out\nerr\n",
    });
  },

  "exec gives up when its time is over": async (bench: Bench) => {
    const { name } = await bench.start({ does: "sleeps" });
    const code = (await canDo(bench)).exec.ok ? "timed_out" : "runtime_unsupported";
    await bench.problem(code, bench.runtime.exec(name, ["sleep", "30"], { timeoutMs: 500 }, bench.signal));
  },

  "exec in what is not there says so": async (bench: Bench) => {
    const { name } = await bench.spec({ does: "sleeps" });
    const code = (await canDo(bench)).exec.ok ? "workload_not_found" : "runtime_unsupported";
    await bench.problem(code, bench.runtime.exec(name, ["true"], { timeoutMs: 5_000 }, bench.signal));
  },
};

async function canDo({ runtime, signal }: Bench) {
  const probe = await runtime.probe(signal);
  if (!probe.ok) throw new Error(`probe says: ${probe.why}`);
  return probe.can;
}
