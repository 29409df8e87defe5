import { join } from "node:path";
import { run } from "@mcp/host";
import type { PassCosts } from "../../../packages/agent/test/passes.ts";
import type { Measure } from "../measure.ts";

const program = join(import.meta.dirname, "../../../packages/agent/test/passes.ts");
/** The agent's own flag: what it grows to depends on it. */
const flags = ["--expose-gc", "--max-semi-space-size=1", "--conditions=@mcp/source", "--import", "tsx"];

/** The agent's engine over the fake runtime and a real registry, in a process of its own. */
async function costsOf(services: number, passes: number): Promise<PassCosts> {
  const argv = [process.execPath, ...flags, program, String(services), String(passes)];
  return JSON.parse((await run(argv, { timeoutMs: 600_000 })).stdout) as PassCosts;
}

const memory: Measure = {
  name: "agent's memory, more after 10 000 passes",
  limit: 10,
  unit: "MiB",
  async take() {
    const { residentMiB, heapMiB } = await costsOf(20, 10_000);
    return { value: residentMiB, detail: `resident; heap ${heapMiB.toFixed(1)} MiB` };
  },
};

const pass: Measure = {
  name: "a pass over 1 000 components",
  limit: 100,
  unit: "ms",
  async take() {
    const { passMs, cpuMs, firstMs } = await costsOf(1_000, 100);
    const share = (cpuMs / 30_000) * 100;
    return {
      value: passMs,
      detail: `${share.toFixed(2)} % of a core at one in 30 s; the first of a new agent ${firstMs.toFixed(0)} ms`,
    };
  },
};

const growth: Measure = {
  name: "a pass over 10 000 components, over ten times one over 1 000",
  limit: 1.5,
  unit: "×",
  async take() {
    const times: number[] = [];
    for (const services of [10, 100, 1_000, 10_000]) times.push((await costsOf(services, 30)).cpuMs);
    const [, , thousand = Number.NaN, tenThousand = Number.NaN] = times;
    return {
      value: tenThousand / (10 * thousand),
      detail: `10, 100, 1 000, 10 000: ${times.map((ms) => ms.toFixed(1)).join(", ")} ms`,
    };
  },
};

export const scale: readonly Measure[] = [memory, pass, growth];
