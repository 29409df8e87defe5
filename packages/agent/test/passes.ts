import { realClock } from "@mcp/host";
import { Watch } from "../src/engine/watch.ts";
import { bootWithServices } from "./many-services.ts";
import { openRig } from "./rig.ts";

/**
 * What passes over so many services cost, on the fake runtime and a real registry, in a process of its own:
 *
 *   node --expose-gc --conditions=@mcp/source --import tsx packages/agent/test/passes.ts SERVICES PASSES
 *
 * Prints it as JSON: `firstMs` until a new agent has looked at all of them; of the passes after that, when nothing
 * happens, `passMs` and `cpuMs` of the middle one, and `heapMiB` and `residentMiB` by which the process has grown, after a
 * tenth of them as warm-up. Ends when whoever started it has ended.
 */
export interface PassCosts {
  readonly firstMs: number;
  readonly passMs: number;
  readonly cpuMs: number;
  readonly heapMiB: number;
  readonly residentMiB: number;
}

const [services, passes] = process.argv.slice(2).map(Number) as [number, number];
const MiB = 1_048_576;
const parent = process.ppid;
/** Its input tells nothing, since that is closed from the beginning. */
function mustBeWanted(): void {
  if (process.ppid !== parent) throw new Error("whoever wanted to know has ended");
}
await using rig = await openRig({ intervalMs: 3_600_000 });
// No backend answers in no time at all, and whoever asks meanwhile shares the answer.
rig.host.latencyMs = 2;
await bootWithServices(rig, services);
const watch = new Watch(rig.life.agent.engine);

/** Looks that have begun, and those that have ended, of anybody. */
const looks = { begun: 0, ended: 0 };
const { states } = rig.life.agent.engine;
const look = states.look.bind(states);
states.look = async (...asked) => {
  looks.begun++;
  try {
    return await look(...asked);
  } finally {
    looks.ended++;
  }
};

/** Until a pass leads to no look. */
async function comeToRest(): Promise<void> {
  for (let still = 0; still < 3; ) {
    mustBeWanted();
    const { begun } = looks;
    await watch.pass();
    await realClock.sleep(1);
    for (; looks.ended < looks.begun; mustBeWanted()) await realClock.sleep(1);
    still = looks.begun === begun ? still + 1 : 0;
  }
}

const began = performance.now();
await comeToRest();
const firstMs = performance.now() - began;

const taken: { readonly ms: number; readonly cpuMs: number }[] = [];
async function pass(count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    mustBeWanted();
    const [startMs, cpu] = [performance.now(), process.cpuUsage()];
    await watch.pass();
    const { user, system } = process.cpuUsage(cpu);
    taken.push({ ms: performance.now() - startMs, cpuMs: (user + system) / 1_000 });
    // The fake's own notes are no part of the agent.
    rig.host.calls.length = 0;
    if (done % 100 > 0) continue;
    // As in the half minute that lies between two of them: else garbage piles up as it never does.
    globalThis.gc?.();
    await realClock.sleep(0);
  }
}

/** What only a weak reference holds goes with the turn after. */
async function memory(): Promise<{ readonly heap: number; readonly resident: number }> {
  for (let times = 0; times < 5; times++) {
    globalThis.gc?.();
    await realClock.sleep(10);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}

await pass(Math.ceil(passes / 10));
taken.length = 0;
const before = await memory();
await pass(passes);
const costs = { passMs: middle(taken.map(({ ms }) => ms)), cpuMs: middle(taken.map(({ cpuMs }) => cpuMs)) };
taken.length = 0;
const after = await memory();
const told: PassCosts = {
  firstMs,
  ...costs,
  heapMiB: (after.heap - before.heap) / MiB,
  residentMiB: (after.resident - before.resident) / MiB,
};
console.log(JSON.stringify(told));

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
