import type { Runtime } from "@mcp/runtime";
import type { Metrics } from "./metrics.ts";

/** Those that end by themselves: a stream lasts as long as it is wanted. */
const timed = [
  "probe",
  "list",
  "inspect",
  "start",
  "stop",
  "remove",
  "recover",
  "stats",
  "exec",
  "strangers",
] as const satisfies readonly (keyof Runtime)[];

const isTimed: ReadonlySet<PropertyKey> = new Set(timed);

/** The same runtime, with how long its calls take. */
export function timedRuntime(runtime: Runtime, name: string, metrics: Metrics): Runtime {
  // Whatever else a backend has is passed through: a runtime may have more than is timed.
  return new Proxy(runtime, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      const call = value as (...given: unknown[]) => unknown;
      if (!isTimed.has(key)) return call.bind(target);
      return (...given: unknown[]) =>
        metrics.time(
          "mcp_runtime_call_duration_seconds",
          (outcome) => ({ runtime: name, call: String(key), outcome }),
          async () => call.apply(target, given),
        );
    },
  });
}
