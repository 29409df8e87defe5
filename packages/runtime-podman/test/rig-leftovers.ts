import { access, readdir, readFile, rm } from "node:fs/promises";
import { realClock, run } from "@mcp/host";

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The processes that were started for a rig: its folder is in their arguments or their environment. */
export async function processesOf(folder: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const [cmdline, environ] = await Promise.all(
      ["cmdline", "environ"].map((name) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "")),
    );
    // A zombie has neither.
    if (`${cmdline}${environ}`.includes(folder))
      found.push({ pid, command: (cmdline ?? "").replaceAll("\0", " ").trim() });
  }
  return found;
}

/** By their ids, and only those. @param patience  how many looks they have to end by themselves. */
export async function endProcessesOf(folder: string, patience = 10): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const left = await processesOf(folder);
    if (left.length === 0) return;
    if (tries >= patience) {
      for (const { pid } of left) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended.
        }
      }
    }
    await realClock.sleep(100);
  }
}

export async function removeMounts(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) await run(["umount", "--lazy", path], { anyExitCode: true });
}

/** Mounts first: removing what is mounted would fail, or remove what is behind it. */
export async function removeTree(folder: string): Promise<void> {
  await removeMounts(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
