import type { Clock } from "@mcp/base";
import type { LogLine, LogOptions } from "@mcp/runtime";
import { frames } from "../http/frames.ts";
import { expectStatus, refusal } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";
import { LineAssembler } from "./line-assembler.ts";
import { parseFrame } from "./log-record.ts";

export interface LogStreamOptions extends LogOptions {
  readonly clock: Clock;
  readonly isOver: () => Promise<boolean>;
}

const lookMs = 1_000;
/** How long after a workload's end podman may still send what it printed. */
const drainMs = 2_000;

/**
 * The lines of a container's log as podman itself streams them: for log drivers that leave no file, such as the journal,
 * and for files that we may not read. Times are whole seconds before podman 6.
 */
export async function* readLogStream(
  api: PodmanApi,
  id: string,
  options: LogStreamOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const { tail, sinceMs = 0, follow = false } = options;
  const sinceS = Math.floor(sinceMs / 1_000);
  const finished = new AbortController();
  const query = {
    stdout: true,
    stderr: true,
    timestamps: true,
    follow,
    tail,
    since: sinceS > 0 ? sinceS - 1 : undefined,
  };
  const call = {
    what: `read the logs of ${id}`,
    method: "GET",
    path: `/containers/${id}/logs`,
    query,
  } as const;
  const response = await api.stream(call, AbortSignal.any([signal, finished.signal]));
  if (response.statusCode !== 200) expectStatus(await refusal(response), call.what, 200);
  const done = new AbortController();
  const watching = follow ? finishWhenOver(options, finished, done.signal) : undefined;
  const assembler = new LineAssembler();
  try {
    for await (const { stream, data } of api.read(response, signal, frames)) {
      const record = parseFrame(stream, data);
      const line = record && assembler.push(record);
      if (line && line.atMs >= sinceS * 1_000) yield line;
    }
  } catch (error) {
    if (!finished.signal.aborted) throw error;
  } finally {
    done.abort();
    await watching;
  }
  yield* assembler.rest();
}

/** Podman follows for ever what ends between its looking and its listening. */
async function finishWhenOver(
  { clock, isOver }: LogStreamOptions,
  finished: AbortController,
  done: AbortSignal,
): Promise<void> {
  try {
    do await clock.sleep(lookMs, done);
    while (!(await isOver()));
    await clock.sleep(drainMs, done);
    finished.abort();
  } catch {
    // Read to its end, or podman cannot be asked: then the stream will say so.
  }
}
