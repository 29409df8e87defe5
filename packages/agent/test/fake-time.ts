import { setImmediate as turn } from "node:timers/promises";
import type { FakeClock } from "@mcp/base/fake-clock";
import type { Rig } from "./rig.ts";

/** Of the event loop: so many without anything to do are rest, and so many in all are enough for what only waits for time. */
const [stillTurns, mostTurns] = [10, 2_000];

/**
 * Lets all happen that needs no time to pass: the fake backend and the registry take turns of the event loop, however many,
 * and no time, so that nothing that follows depends on how fast the machine is.
 */
export async function comeToRest({ life }: Rig, service: string): Promise<void> {
  for (let still = 0, turns = 0; still < stillTurns && turns < mostTurns; turns++) {
    await turn();
    still = life.agent.engine.isBusy(service) ? 0 : still + 1;
  }
}

/** Time goes on by steps, and after each all that is due then has happened. */
export async function passTime(
  rig: Rig & { readonly clock: FakeClock },
  service: string,
  ms: number,
  stepMs: number,
): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await rig.clock.advance(Math.min(stepMs, ms - passed));
    await comeToRest(rig, service);
  }
}
