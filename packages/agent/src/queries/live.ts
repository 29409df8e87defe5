import { asProblem } from "@mcp/base";
import type { Usage, Workload } from "@mcp/runtime";
import type { Engine } from "../engine/engine.ts";
import type { KnownRuntime } from "../engine/known-runtime.ts";

export interface Live {
  /** By name. */
  readonly workloads: readonly Workload[];
  readonly usage: ReadonlyMap<string, Usage>;
  /** Why a runtime could not be asked; what it runs is unknown. */
  readonly problems: readonly string[];
}

/** What the runtimes have of ours at this moment. */
export async function liveInstances(
  engine: Engine,
  options: { readonly service?: string; readonly usage?: boolean } = {},
): Promise<Live> {
  const problems: string[] = [];
  const usage = new Map<string, Usage>();
  const found = await Promise.all(
    engine.runtimes.all.map(async (known) => {
      try {
        const workloads = await known.list();
        if (options.usage)
          for (const [name, use] of await measure(engine, known, 10_000)) usage.set(name, use);
        return workloads;
      } catch (thrown) {
        problems.push(`${known.name}: ${asProblem(thrown).message}`);
        return [];
      }
    }),
  );
  const workloads = found
    .flat()
    .filter(({ labels }) => options.service === undefined || labels.service === options.service)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { workloads, usage, problems };
}

/** What each of its running workloads uses, by name. */
export const measure = (
  engine: Engine,
  { runtime }: KnownRuntime,
  withinMs: number,
): Promise<ReadonlyMap<string, Usage>> =>
  runtime.stats(AbortSignal.any([engine.signal, AbortSignal.timeout(withinMs)]));
