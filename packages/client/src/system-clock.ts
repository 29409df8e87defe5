import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@mcp/base";

/** The machine's own. `@mcp/host` has one too, which a program that only talks to agents need not install. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      await sleep(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
