import { expect } from "vitest";
import type { RuntimeEvent } from "../../runtime.ts";
import type { Bench } from "../bench.ts";

export const eventRules = {
  "a start, an exit and a removal are told as they happen": async (bench: Bench) => {
    const watch = watchEvents(bench);
    // What happens right after the first next() must be told; give the subscription no other head start.
    const spec = await bench.start({ does: "prints and exits", afterMs: 300, code: 4 });
    await watch.until(spec.name, "started");
    await bench.untilExited(spec.name);
    await watch.until(spec.name, "exited");
    await bench.runtime.remove(spec.name, bench.signal);
    await watch.until(spec.name, "removed");
    await watch.close();
  },

  "an exit is told within a second": async (bench: Bench) => {
    const spec = await bench.start({ does: "sleeps" });
    const watch = watchEvents(bench);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await bench.runtime.stop(spec.name, { graceMs: 5_000 }, bench.signal);
    const event = await watch.until(spec.name, "exited");
    expect(event.seenAtMs - event.atMs).toBeLessThan(1_000);
    await watch.close();
  },

  "events rethrow the reason when aborted": async (bench: Bench) => {
    const controller = new AbortController();
    const watching = (async () => {
      for await (const _ of bench.runtime.events(controller.signal));
    })();
    await new Promise((resolve) => setTimeout(resolve, 100));
    controller.abort("enough");
    await expect(watching).rejects.toBe("enough");
  },
};

function watchEvents({ runtime, signal }: Bench) {
  const controller = new AbortController();
  const seen: (RuntimeEvent & { seenAtMs: number })[] = [];
  const watching = (async () => {
    for await (const event of runtime.events(AbortSignal.any([signal, controller.signal]))) {
      seen.push({ ...event, seenAtMs: Date.now() });
    }
  })();
  watching.catch(() => {});
  return {
    async until(name: string, what: RuntimeEvent["what"]) {
      const find = () => seen.find((event) => event.name === name && event.what === what);
      await expect.poll(find, { timeout: 5_000, interval: 20, message: `${what} of ${name}` }).toBeDefined();
      return find() ?? expect.fail("it was there a moment ago");
    },
    async close() {
      controller.abort();
      await watching.catch(() => {});
    },
  };
}
