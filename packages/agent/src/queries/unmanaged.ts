import { asProblem } from "@mcp/base";
import type { Stranger, Workload } from "@mcp/runtime";
import type { Engine } from "../engine/engine.ts";
import { liveInstances } from "./live.ts";

/** What nobody has asked this agent for. It is shown, and nothing ever touches it. */

export interface Strangers {
  /** The first of them, by name. */
  readonly shown: readonly Stranger[];
  readonly count: number;
}

export const noStrangers: Strangers = { shown: [], count: 0 };

const mostShown = 50;
/** A runtime that tells them more slowly does not hold up a status. */
const withinMs = 2_000;

/** What has labels of ours, and is no instance that the registry knows. */
export async function findUnmanaged(engine: Engine): Promise<readonly Workload[]> {
  return (await lookForUnmanaged(engine)).unmanaged;
}

/** @returns also whether every runtime could be asked: only then what is not found is not there. */
export async function lookForUnmanaged(
  engine: Engine,
): Promise<{ readonly unmanaged: readonly Workload[]; readonly isComplete: boolean }> {
  // What is undeployed meanwhile was ours still.
  const before = await recordedNames(engine);
  const { workloads, problems } = await liveInstances(engine);
  const names = new Set(workloads.map(({ name }) => name));
  const unknownTo = (recorded: ReadonlySet<string>, { name, labels }: Workload): boolean =>
    // One that somebody has renamed is still the one that its label says, unless another has its name.
    !recorded.has(labels.instance) || (name !== labels.instance && names.has(labels.instance));
  let unmanaged = workloads.filter((workload) => unknownTo(before, workload));
  if (unmanaged.length > 0) {
    // What was deployed meanwhile is ours by now.
    const after = await recordedNames(engine);
    unmanaged = unmanaged.filter((workload) => unknownTo(after, workload));
  }
  return { unmanaged, isComplete: problems.length === 0 };
}

async function recordedNames({ deps }: Engine): Promise<ReadonlySet<string>> {
  const services = await deps.registry.services();
  return new Set(services.flatMap(({ instances }) => instances.map(({ name }) => name)));
}

/** What has no labels of ours. Several kinds may be kept in one store: what lies there is told once. */
export async function findStrangers({ runtimes, signal, deps }: Engine): Promise<Strangers> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  const found = await Promise.all(
    runtimes.all.map(async ({ name, runtime }) => {
      try {
        return await runtime.strangers(either);
      } catch (thrown) {
        // Its trouble is told elsewhere.
        deps.log.debug("strangers could not be listed", {
          runtime: name,
          problem: asProblem(thrown).toJSON(),
        });
        return [];
      }
    }),
  );
  const byKey = new Map(found.flat().map((each) => [`${each.name} ${each.what}`, each]));
  const all = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stranger]) => stranger);
  return { shown: all.slice(0, mostShown), count: all.length };
}
