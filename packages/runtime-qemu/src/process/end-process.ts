import { type Clock, Problem, printDuration } from "@mcp/base";
import { isAlive, type ProcessIdentity, signalTo } from "./process-identity.ts";

const lookEveryMs = 10;
const goneWithinMs = 10_000;

/**
 * Kill it, and return once it is gone.
 * @throws Problem `runtime_timeout` if the kernel does not end it: it waits for a disk, say.
 */
export async function endProcess(process: ProcessIdentity, clock: Clock, signal: AbortSignal): Promise<void> {
  await signalTo(process, "SIGKILL");
  const deadline = clock.monotonic() + goneWithinMs;
  while (await isAlive(process)) {
    if (clock.monotonic() > deadline) {
      throw new Problem(
        "runtime_timeout",
        `QEMU (pid ${process.pid}) was killed and is still there after ${printDuration(goneWithinMs)}`,
        `see what it waits for: cat /proc/${process.pid}/stack`,
      );
    }
    await clock.sleep(lookEveryMs, signal);
  }
}
