/**
 * As an agent does: starts the virtual machines that it is told of, in the rig whose folder it is told, and says of each
 * when it runs, or has come to the point where it is to stand still. Then it waits to be killed.
 */
import type { WorkloadSpec } from "@mcp/runtime";
import { openQemuRig } from "../rig.ts";

export interface Orders {
  readonly folder: string;
  readonly specs: readonly WorkloadSpec[];
  /** The point at which each is to stand still, by its name. */
  readonly stands: Readonly<Record<string, string>>;
  /** Those that are removed again once they run. */
  readonly removes: readonly string[];
}

const { folder, specs, stands, removes }: Orders = JSON.parse(process.argv[2] ?? "");
const arrived = (name: string): boolean => process.stdout.write(`${name}\n`);
const { microvm } = openQemuRig(folder).connect({
  async faultPoint(where, name) {
    if (stands[name] !== where) return;
    arrived(name);
    await new Promise(() => {});
  },
});
const { signal } = new AbortController();
setInterval(() => {}, 60_000);
await Promise.all(
  specs.map(async (spec) => {
    await microvm.start(spec, signal);
    if (removes.includes(spec.name)) await microvm.remove(spec.name, signal);
    arrived(spec.name);
  }),
);
