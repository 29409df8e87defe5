import { readdir, readFile, readlink } from "node:fs/promises";

export interface VmProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** QEMU, its helpers and what keeps them, whoever knows of them: each works in, or names, a folder of this state. */
export async function vmProcesses(vmState: string): Promise<VmProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid): Promise<VmProcess[]> => {
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      const folder = await readlink(`/proc/${pid}/cwd`).catch(() => "");
      if (!line.includes(vmState) && !folder.startsWith(vmState)) return [];
      return [{ pid: Number(pid), argv: line.split("\0") }];
    }),
  );
  return found.flat();
}
