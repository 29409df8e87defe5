import { access, constants } from "node:fs/promises";
import type { Clock } from "@mcp/base";
import type { LogLine, LogOptions } from "@mcp/runtime";
import { readLogFile } from "../logs/log-file.ts";
import { readLogStream } from "../logs/log-stream.ts";
import type { PodmanApi } from "../podman-api.ts";
import { inspectContainer } from "./lookup.ts";
import { isLost } from "./lost.ts";
import type { InspectedContainer } from "./shapes.ts";

const surelyMs = 5_000;

/** A container's log: from its file where there is one that we may read, else as podman streams it. */
export async function* containerLogs(
  api: PodmanApi,
  clock: Clock,
  container: InspectedContainer,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const isOver = makeIsOver(api, clock, container, signal);
  const file = await readableLog(container);
  yield* file === undefined
    ? readLogStream(api, container.Id, { ...options, clock, isOver }, signal)
    : readLogFile(file, { ...options, clock, isOver }, signal);
}

/** A file that is not there yet counts as readable: the container has printed nothing. */
async function readableLog({ HostConfig }: InspectedContainer): Promise<string | undefined> {
  const { Type, Path } = HostConfig.LogConfig ?? { Type: "", Path: "" };
  if ((Type !== "k8s-file" && Type !== "json-file") || Path === "") return undefined;
  const why = await access(Path, constants.R_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  return why === undefined || why === "ENOENT" ? Path : undefined;
}

/**
 * Whether a container has ended and printed its last. Asked ten times a second for each follower, so podman is only
 * asked when the process is gone, or now and then; conmon has written everything by the time that podman says exited.
 */
function makeIsOver(
  api: PodmanApi,
  clock: Clock,
  container: InspectedContainer,
  signal: AbortSignal,
): () => Promise<boolean> {
  let { Pid: pid } = container.State;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (pid > 0 && isAlive(pid) && clock.monotonic() - askedAtMs < surelyMs) return false;
    askedAtMs = clock.monotonic();
    const now = await inspectContainer(api, container.Id, signal);
    pid = now?.State.Pid ?? 0;
    if (!now || !["initialized", "running", "paused", "stopping"].includes(now.State.Status)) return true;
    return isLost(api, clock, now, signal);
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
