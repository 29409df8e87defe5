import type { Condition } from "@mcp/planner";
import type { ServiceRecord } from "@mcp/registry";
import type { Engine } from "./engine.ts";
import type { KnownRuntime } from "./known-runtime.ts";

const finder = "runtimes";

/** Those of which something is: a backend that nothing wants need not work. */
export function usedRuntimes(
  { runtimes }: Engine,
  services: readonly ServiceRecord[],
): readonly KnownRuntime[] {
  const kinds = new Set(services.flatMap(({ instances }) => instances.map(({ kind }) => kind)));
  return runtimes.all.filter(({ runtime }) => runtime.kinds.some((kind) => kinds.has(kind)));
}

/** Has the runtimes that cannot be used, though something is of them, among what is wrong; until the engine ends. */
export function watchRuntimes(engine: Engine): void {
  const unsubscribe = engine.runtimes.changes.subscribe(() => void findRuntimeTrouble(engine));
  engine.signal.addEventListener("abort", unsubscribe, { once: true });
}

/** Says nothing before each of them was asked: its trouble in an earlier life may go on. */
export async function findRuntimeTrouble(engine: Engine, services?: readonly ServiceRecord[]): Promise<void> {
  try {
    const used = usedRuntimes(engine, services ?? (await engine.deps.registry.services()));
    if (engine.signal.aborted || used.some(({ probe }) => probe === undefined)) return;
    engine.conditions.set(finder, used.flatMap(toCondition));
  } catch (cause) {
    if (!engine.signal.aborted) engine.deps.log.error("the runtimes in use could not be found", { cause });
  }
}

function toCondition({ name, trouble }: KnownRuntime): Condition[] {
  if (!trouble) return [];
  const isOtherStore = trouble.code === "store_changed";
  return [
    {
      code: isOtherStore ? "store_changed" : "runtime_lost",
      service: "",
      component: "",
      subject: name,
      severity: "critical",
      title: isOtherStore ? `${name} shows another store` : `${name} cannot be used`,
      text: `${trouble.message}. What runs by it goes on, but is neither seen nor repaired.`,
      hint: trouble.hint,
    },
  ];
}
