import { access, readFile, watch } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeEvent } from "@mcp/runtime";
import type { PodmanApi } from "../podman-api.ts";
import { inspectContainer, listContainers } from "./lookup.ts";
import type { OutOfMemory } from "./out-of-memory.ts";
import { fromInspected } from "./to-workload.ts";

/**
 * Tells of exits sooner than podman does. A container's supervisor (conmon) leaves a file when the container ends, named
 * by its id; podman's own event comes about 200 ms later. Where the folder of these files is, podman tells nobody: it
 * is among the arguments of any supervisor. Only ever a help: whatever goes wrong here, podman's events still come.
 */
export async function* watchExitFiles(
  api: PodmanApi,
  outOfMemory: Pick<OutOfMemory, "learn">,
  signal: AbortSignal,
): AsyncGenerator<RuntimeEvent> {
  const folder = await exitFolder(api, signal);
  if (folder === undefined) return;
  for await (const { filename } of watch(folder, { signal })) {
    if (filename === null || !/^[0-9a-f]{64}$/.test(filename)) continue;
    // It may just as well have been removed, with its container or before the next start.
    if (!(await isThere(join(folder, filename)))) continue;
    const found = await inspectContainer(api, filename, signal);
    const workload = found && fromInspected(found);
    if (!workload?.exit) continue;
    outOfMemory.learn(filename, workload);
    yield { name: workload.labels.instance, what: "exited", atMs: Date.now() };
  }
}

/** Undefined as long as nothing runs that could tell. */
async function exitFolder(api: PodmanApi, signal: AbortSignal): Promise<string | undefined> {
  for (const { Id } of await listContainers(api, { status: ["running"] }, signal)) {
    const supervisor = (await inspectContainer(api, Id, signal))?.State.ConmonPid ?? 0;
    const argv = (await readFile(`/proc/${supervisor}/cmdline`, "utf8").catch(() => "")).split("\0");
    const folder = argv[argv.indexOf("--exit-dir") + 1];
    if (argv.includes("--exit-dir") && folder !== undefined && (await isThere(folder))) return folder;
  }
  return undefined;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
