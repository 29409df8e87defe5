import { expect } from "vitest";
import type { PortMapping } from "../../spec.ts";
import { type Bench, freePort } from "../bench.ts";

export const startRules = {
  "starting twice with the same spec changes nothing": async (bench: Bench) => {
    const spec = await bench.start({ does: "sleeps" });
    const first = await bench.runtime.inspect(spec.name, bench.signal);
    expect(first).toMatchObject({ name: spec.name, state: "running" });
    const again = await bench.runtime.start(spec, bench.signal);
    const second = await bench.runtime.inspect(spec.name, bench.signal);
    expect(second).toEqual(first);
    expect(await bench.runtime.recover(again, bench.signal)).toEqual(first);
  },

  "two starts of one spec at once make one workload": async (bench: Bench) => {
    const spec = await bench.spec({ does: "sleeps" });
    const [one, other] = await Promise.all([
      bench.runtime.start(spec, bench.signal),
      bench.runtime.start(spec, bench.signal),
    ]);
    const list = await bench.runtime.list(bench.signal);
    expect(list.filter((workload) => workload.name === spec.name)).toHaveLength(1);
    const recovered = await bench.runtime.recover(one, bench.signal);
    expect(recovered).toMatchObject({ name: spec.name });
    expect(await bench.runtime.recover(other, bench.signal)).toEqual(recovered);
  },

  "what has ended is started again by the same spec": async (bench: Bench) => {
    const spec = await bench.start({ does: "sleeps" });
    await bench.runtime.stop(spec.name, { graceMs: 5_000 }, bench.signal);
    expect(await bench.runtime.inspect(spec.name, bench.signal)).toMatchObject({ state: "exited" });
    await bench.runtime.start(spec, bench.signal);
    const workload = await bench.until(spec.name, "ran again", ({ state }) => state === "running");
    expect(workload.exit).toBeUndefined();
  },

  "another spec under the same name is refused, and what runs is left alone": async (bench: Bench) => {
    const spec = await bench.start({ does: "sleeps" });
    const before = await bench.runtime.inspect(spec.name, bench.signal);
    expect(before).toMatchObject({ name: spec.name, state: "running" });
    const other = { ...spec, labels: { ...spec.labels, specHash: "another" } };
    await bench.problem("spec_conflict", bench.runtime.start(other, bench.signal));
    expect(await bench.runtime.inspect(spec.name, bench.signal)).toEqual(before);
  },

  "an image that is not on this host is refused, and nothing is left": async (bench: Bench) => {
    const spec = await bench.spec({ does: "sleeps" }, { image: bench.rig.absentImage });
    await bench.problem("image_not_found", bench.runtime.start(spec, bench.signal));
    expect(await bench.isListed(spec.name)).toBe(false);
  },

  "what cannot be started says why, and nothing is left": async (bench: Bench) => {
    const spec = await bench.spec({ does: "cannot start" });
    await bench.problem("start_failed", bench.runtime.start(spec, bench.signal));
    expect(await bench.isListed(spec.name)).toBe(false);
    expect(await bench.runtime.inspect(spec.name, bench.signal)).toBeUndefined();
  },

  "a host port has one owner, and the second to ask leaves nothing": async (bench: Bench) => {
    const ports = [await aPort()];
    const first = await bench.start({ does: "sleeps" }, { ports });
    const second = await bench.spec({ does: "sleeps" }, { ports });
    const problem = await bench.problem("port_taken", bench.runtime.start(second, bench.signal));
    expect(problem.message).toContain(String(ports[0]?.host));
    expect(await bench.isListed(second.name)).toBe(false);
    expect(await bench.runtime.inspect(first.name, bench.signal)).toMatchObject({ state: "running" });
  },

  "a host port is free again once its owner has stopped": async (bench: Bench) => {
    const ports = [await aPort()];
    const first = await bench.start({ does: "sleeps" }, { ports });
    await bench.runtime.stop(first.name, { graceMs: 5_000 }, bench.signal);
    const second = await bench.start({ does: "sleeps" }, { ports });
    expect(await bench.runtime.inspect(second.name, bench.signal)).toMatchObject({ state: "running", ports });
  },

  "a published port reaches the workload": async (bench: Bench) => {
    const mapping = await aPort(8080);
    await bench.start({ does: "serves http", port: mapping.guest }, { ports: [mapping] });
    const deadline = performance.now() + bench.patienceMs;
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${mapping.host}/`, {
        signal: AbortSignal.any([bench.signal, AbortSignal.timeout(1_000)]),
      })
        .then((response) => response.text())
        .catch((error: unknown) => error);
      if (typeof answer === "string") return expect(answer.trim()).toBe("hello");
      if (performance.now() > deadline) throw answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
};

async function aPort(guest = 80): Promise<PortMapping> {
  return { address: "127.0.0.1", host: await freePort(), guest, protocol: "tcp" };
}
