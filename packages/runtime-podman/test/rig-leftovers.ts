import { access, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { realClock, run } from "@mcp/host";

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * The processes that were started for a rig: its folder is in their arguments or their environment, or, of those inside of
 * a container that lost its supervisor, their root lies in it.
 */
export async function processesOf(folder: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const [cmdline, environ, mounts] = await Promise.all(
      ["cmdline", "environ", "mountinfo"].map((name) =>
        readFile(`/proc/${pid}/${name}`, "utf8").catch(() => ""),
      ),
    );
    const root = mounts?.split("\n").find((line) => line.split(" ")[4] === "/") ?? "";
    // A zombie has none of them.
    if (`${cmdline}${environ}${root}`.includes(folder))
      found.push({ pid, command: (cmdline ?? "").replaceAll("\0", " ").trim() });
  }
  return found;
}

/**
 * By their ids, and only those. @param patience  how many looks they have to end by themselves.
 * @returns what did not end by itself.
 */
export async function endProcessesOf(folder: string, patience = 30): Promise<string[]> {
  const stubborn = new Set<string>();
  for (let tries = 0; tries < patience + 30; tries++) {
    const left = await processesOf(folder);
    if (left.length === 0) break;
    const mayEnd = tries < patience && !left.every(({ command }) => isPauseProcess(command));
    for (const { pid, command } of mayEnd ? [] : left) {
      stubborn.add(command);
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
    await realClock.sleep(100);
  }
  return [...stubborn];
}

/** What outlives every container of an ordinary user, until the user logs out. */
const isPauseProcess = (command: string): boolean => command.startsWith("catatonit");

export async function removeMounts(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) await run(["umount", "--lazy", path], { anyExitCode: true });
}

/** What the OCI runtimes remember of a rig's containers: outside of its folder, and lost in a reboot. */
export async function removeRuntimeState(folder: string): Promise<void> {
  for (const root of ["/run/runc", "/run/crun"]) {
    for (const id of await readdir(root).catch(() => [])) {
      const texts = ["state.json", "status"].map((name) =>
        readFile(join(root, id, name), "utf8").catch(() => ""),
      );
      const isOurs = (await Promise.all(texts)).some((text) => text.includes(`${folder}/`));
      if (isOurs) await rm(join(root, id), { recursive: true, force: true });
    }
  }
}

/** Mounts first: removing what is mounted would fail, or remove what is behind it. */
export async function removeTree(folder: string): Promise<void> {
  await removeMounts(folder);
  await removeRuntimeState(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
