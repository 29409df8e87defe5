import { FakeClock } from "@mcp/base/fake-clock";
import { ObservedState } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { definition, openRig, type Rig, summary, until } from "./rig.ts";
import { openVmRig, vm } from "./vm-rig.ts";

const touching = ["start", "stop", "remove"];
const touched = ({ host }: Pick<Rig, "host">) => host.calls.filter(({ call }) => touching.includes(call));
const restarts = async (rig: Rig, service: string) =>
  (await rig.life.registry.services([service]))[0]?.instances.map(({ restarts: count }) => count);

/** A life that is not the first, so that its quick end is no crash loop. */
const ranLong = { startedAtMs: 1 };

describe("a runtime that hangs", () => {
  it.each(["probe", "list", "inspect"] as const)(
    "at each %s keeps nobody from repairing what another runs, and is repaired itself when it goes on",
    async (call) => {
      await using rig = await openVmRig({ intervalMs: 50 });
      rig.addImage(1);
      rig.vms.timeLimitMs = rig.host.timeLimitMs = 400;
      await rig.deploy(definition("box", `name = "box"\nimage = "localhost/hello:1"`));
      await rig.deploy(definition("machine", vm("machine", 128)));
      rig.host.fail(call, "hang", 100_000);
      rig.host.exit(rig.host.workloads[0]?.name ?? "", 1);
      for (let round = 1; round <= 3; round++) {
        const [name = ""] = rig.vms.running;
        await rig.life.registry.setInstance(name, ranLong);
        rig.vms.exit(name, 1);
        await until("the virtual machine runs again", async () => {
          const [count] = (await restarts(rig, "machine")) ?? [];
          return count === round && rig.vms.running.length === 1;
        });
        const beganMs = performance.now();
        const { services } = await rig.client.status({ service: "machine" });
        expect(services[0]?.components[0]?.observed).toBe(ObservedState.RUNNING);
        await rig.client.status({});
        expect(performance.now() - beganMs).toBeLessThan(5_000);
      }
      rig.host.clearFaults();
      await until("the container runs again", () => rig.host.running.length === 1);
      expect([...rig.host.violations, ...rig.vms.violations]).toEqual([]);
    },
    60_000,
  );

  it("at every start keeps nobody from repairing what another runs", async () => {
    await using rig = await openVmRig({ intervalMs: 50 });
    rig.addImage(1);
    const boxes = Array.from({ length: 12 }, (_, index) => `box${index}`);
    await Promise.all(
      boxes.map((name) => rig.deploy(definition(name, `name = "${name}"\nimage = "localhost/hello:1"`))),
    );
    await rig.deploy(definition("machine", vm("machine", 128)));
    rig.host.timeLimitMs = 60_000;
    rig.host.fail("start", "hang", 12);
    for (const name of rig.host.running) rig.host.exit(name, 1);
    await until("the starts hang", () => touched(rig).length >= 12 + 10);
    rig.vms.exit(rig.vms.running[0] ?? "", 1);
    await until("the virtual machine runs again", () => rig.vms.running.length === 1);
    expect(rig.host.running).toEqual([]);
  }, 30_000);
});

describe("a runtime that cannot be believed, pass after pass", () => {
  async function openMany(): Promise<Rig> {
    const rig = await openRig({ intervalMs: 10 });
    rig.host.addImage("localhost/hello:1");
    for (const name of ["a", "b", "c"])
      await rig.deploy(definition(name, `name = "${name}"\nimage = "localhost/hello:1"`));
    await passes(rig, 3);
    return rig;
  }
  /** So many more were asked how they are. */
  async function passes(rig: Rig, count: number): Promise<void> {
    const probes = () => rig.host.calls.filter(({ call }) => call === "probe").length;
    const before = probes();
    await until(`${count} passes`, () => probes() >= before + count);
  }

  it("and lists nothing, while it knows each by name, is left as it is", async () => {
    await using rig = await openMany();
    const before = touched(rig);
    rig.host.listIsEmpty = true;
    await passes(rig, 20);
    expect(rig.host.calls.some(({ call }) => call === "inspect")).toBe(true);
    expect(touched(rig)).toEqual(before);
    expect(rig.host.running).toHaveLength(3);
  });

  it("and shows another store makes all of it unknown, is told as such, and nothing is done", async () => {
    await using rig = await openMany();
    const before = touched(rig);
    const own = rig.host.store;
    rig.host.store = "/another/store";
    const codes = () => rig.life.agent.engine.conditions.all().map(({ code }) => code);
    await until("that is among what is wrong", () => codes().includes("store_changed"));
    await passes(rig, 20);
    expect(touched(rig)).toEqual(before);
    const { services } = await rig.client.status({});
    expect(services.flatMap(({ components }) => components.map(({ observed }) => observed))).toEqual(
      Array(3).fill(ObservedState.UNKNOWN),
    );
    rig.host.store = own;
    await until("nothing is wrong any more", () => codes().length === 0);
    expect(touched(rig)).toEqual(before);
  });
});

describe("a clock that jumps", () => {
  const day = 86_400_000;

  it.each([
    ["back", [-day, -1, -30 * day]],
    ["ahead", [day, 1, 30 * day]],
    ["both ways", [day, -2 * day, 3 * day, -day, 60_000, -60_000]],
  ])("%s restarts nothing, looks at nothing more often, and keeps events in order", async (_, jumps) => {
    const clock = new FakeClock();
    await using rig = await openRig({ clock });
    rig.host.addImage("localhost/hello:1");
    for (const name of ["a", "b", "c"])
      await rig.deploy(definition(name, `name = "${name}"\nimage = "localhost/hello:1"`));
    const before = touched(rig);
    const running = rig.host.running;
    for (const jump of jumps) {
      clock.jump(jump);
      await rig.life.agent.engine.journal.write({ service: "a", kind: "observed", text: `jumped ${jump}` });
      const since = rig.host.calls.length;
      for (let ticks = 0; ticks < 5; ticks++) {
        await clock.advance(30_000);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const calls = rig.host.calls.slice(since).length;
      // Each tick a probe and a list, and little more while it comes to rest.
      expect(calls, `calls after ${jump}`).toBeLessThan(60);
    }
    expect(touched(rig)).toEqual(before);
    expect(rig.host.running).toEqual(running);
    for (const name of ["a", "b", "c"]) expect(await restarts(rig, name)).toEqual([0]);
    const events = await rig.life.registry.events({ limit: 1_000 });
    const told = events.flatMap(({ text }) => (text.startsWith("jumped") ? [text] : []));
    expect(told).toEqual(jumps.map((jump) => `jumped ${jump}`));
    const ids = events.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  it.each([-day, day])("by %i ms in the middle of a wait neither ends nor prolongs it", async (jump) => {
    const clock = new FakeClock();
    await using rig = await openRig({ clock });
    rig.host.addImage("localhost/hello:1");
    let isDone = false;
    const deploying = rig
      .deploy(definition("hello", `name = "hello"\nimage = "localhost/hello:1"\nstart_period = "10s"`))
      .finally(() => {
        isDone = true;
      });
    await until("it has been started", () => rig.host.running.length === 1);
    await until("it is waited for", () => clock.sleeping > 0);
    await step(clock, 3_000);
    clock.jump(jump);
    await step(clock, 3_000);
    expect(isDone).toBe(false);
    for (let seconds = 0; seconds < 6 && !isDone; seconds++) await step(clock, 1_000);
    expect(summary(await deploying)).toMatchObject({ state: "SUCCEEDED" });
  });

  /** A second at a time, so that what is done in between is done at its time. */
  async function step(clock: FakeClock, ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});
