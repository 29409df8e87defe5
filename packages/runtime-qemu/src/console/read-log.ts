import type { Clock } from "@mcp/base";
import { realClock } from "@mcp/host";
import type { LogLine, LogOptions } from "@mcp/runtime";
import type { VmFolder } from "../vm/vm-folder.ts";
import { LogReader } from "./log-reader.ts";
import { toLogLine } from "./log-record.ts";

const lookMs = 50;

/**
 * The lines of a machine's log, oldest first, also while it is written and rotated.
 *
 * @param ended  whether the machine has ended and its console is finished; with `follow`, asked before each look.
 */
export async function* readLog(
  folder: VmFolder,
  options: LogOptions,
  signal: AbortSignal,
  ended: () => boolean | Promise<boolean>,
  clock: Clock = realClock,
): AsyncGenerator<LogLine> {
  const { tail, sinceMs = 0, follow = false } = options;
  signal.throwIfAborted();
  const reader = await LogReader.open(folder.log);
  try {
    if (tail !== undefined) await reader.seekLast(tail);
    else if (sinceMs > 0) await reader.seekSince(sinceMs);
    for (;;) {
      signal.throwIfAborted();
      const isLastLook = !follow || (await ended());
      for await (const record of reader.records()) {
        signal.throwIfAborted();
        const line = toLogLine(record);
        if (line && line.atMs >= sinceMs) yield line;
      }
      if (isLastLook) return;
      await clock.sleep(lookMs, signal);
    }
  } finally {
    await reader.close();
  }
}
