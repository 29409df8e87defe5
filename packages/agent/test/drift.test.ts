import type { Clock } from "@mcp/base";
import { realClock } from "@mcp/host";
import type { ConditionCode } from "@mcp/planner";
import type { WorkloadSpec } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { definition, last, newRequestId, openRig, type Rig, until } from "./rig.ts";

/** Each way in which what runs can differ from what is wanted, by somebody's hand, and each answer to it. */

type Answer = "heal" | "report" | "ignore";

interface Setting {
  readonly rig: Rig;
  readonly instance: string;
  readonly spec: WorkloadSpec;
}

const component = `name = "hello"\nimage = "localhost/hello:1"
health = { exec = ["check"], interval = "100ms", timeout = "1m", retries = 1, restart = true }
start_period = "0s"`;
const hello = (managed: Answer) =>
  definition("hello", component).replace('"hello"', `"hello"\nmanaged = "${managed}"`);

async function open(managed: Answer): Promise<Setting & AsyncDisposable> {
  const rig = await openRig({ intervalMs: 30 });
  for (const tag of [1, 2]) rig.host.addImage(`localhost/hello:${tag}`);
  rig.host.onExec = async () => ({ exitCode: 0, output: "" });
  await rig.deploy(hello(managed));
  await until("it was found to be well", async () => (await shown(rig)).drift === "");
  const [found] = (await rig.life.registry.service("hello"))?.instances ?? [];
  if (!found) throw new Error("nothing was started");
  const dispose = () => rig[Symbol.asyncDispose]();
  return { rig, instance: found.name, spec: found.spec as WorkloadSpec, [Symbol.asyncDispose]: dispose };
}

const shown = async (rig: Rig) => {
  const { services } = await rig.client.status({ service: "hello" });
  const of = services[0]?.components[0];
  return { drift: of?.drift.map(({ kind }) => kind).join() ?? "", health: of?.health?.state };
};
const drifts = async (rig: Rig) => {
  const { events } = await rig.client.listEvents({ service: "hello" });
  return events.filter(({ kind }) => kind === "observed").map(({ drift }) => drift);
};
const codes = ({ life }: Rig) => life.agent.engine.conditions.all().map(({ code }) => code);
const touches = ({ host }: Rig) =>
  host.calls.filter(({ call }) => ["start", "stop", "remove", "pull"].includes(call)).map(({ call }) => call);

/** What takes its place has the instance's name, and labels of another's settings. */
function replace({ rig, instance, spec }: Setting, changes: Partial<WorkloadSpec>): void {
  rig.host.vanish(instance);
  rig.host.add({ ...spec, labels: { ...spec.labels, specHash: "made-by-hand" }, ...changes });
}

interface Way {
  readonly kind: string;
  readonly code: ConditionCode;
  readonly disturb: (setting: Setting) => unknown;
}

const ways: readonly Way[] = [
  { kind: "missing", code: "drift", disturb: ({ rig, instance }) => rig.host.vanish(instance) },
  { kind: "exited", code: "drift", disturb: ({ rig, instance }) => rig.host.exit(instance, 3) },
  { kind: "wrong_spec", code: "drift", disturb: (setting) => replace(setting, {}) },
  {
    kind: "wrong_image",
    code: "drift",
    disturb: (setting) => replace(setting, { image: setting.rig.host.addImage("localhost/hello:2") }),
  },
  {
    kind: "unhealthy",
    code: "unhealthy",
    disturb: ({ rig }) => {
      rig.host.onExec = async () => ({ exitCode: 1, output: "it does not feel well" });
    },
  },
  { kind: "unknown", code: "unknown", disturb: ({ rig, instance }) => rig.host.rename(instance, "moved") },
  {
    kind: "not_stopped",
    code: "drift",
    disturb: async ({ rig, instance, spec }) => {
      await last(rig.client.stop({ requestId: newRequestId(), service: "hello" }));
      rig.host.calls.length = 0;
      rig.host.vanish(instance);
      rig.host.add(spec);
    },
  },
];

/** Until it is told as drift; nothing was asked of the runtime before that but to look. */
async function disturbed(setting: Setting, { kind, disturb }: Way): Promise<void> {
  const { rig } = setting;
  rig.host.calls.length = 0;
  await disturb(setting);
  await until(`${kind} is an event`, async () => (await drifts(rig)).includes(kind));
}

/** Three whole passes, and what they led to. */
async function afterLooks({ life }: Rig): Promise<void> {
  const { metrics } = life.agent.engine;
  const passes = () =>
    metrics.tallies.histogram("mcp_pass_duration_seconds")[0]?.counts.reduce((sum, count) => sum + count) ??
    0;
  const before = passes();
  await until("it was looked at again", () => passes() >= before + 4);
  await life.agent.engine.inLane("hello", async () => {});
}

describe("managed = heal", () => {
  it.each(ways.filter(({ kind }) => kind !== "unknown"))("puts right what is $kind", async (way) => {
    await using setting = await open("heal");
    const { rig } = setting;
    await disturbed(setting, way);
    rig.host.onExec = async () => ({ exitCode: 0, output: "" });
    const wanted = way.kind === "not_stopped" ? 0 : 1;
    await until("it is as it should be", async () => {
      const { drift } = await shown(rig);
      return drift === "" && rig.host.running.length === wanted;
    });
    await until("that it is over is an event", async () => (await drifts(rig)).at(-1) === "");
    await until("nothing is wrong", () => codes(rig).length === 0);
    expect(rig.host.violations).toEqual([]);
  });
});

describe("managed = report", () => {
  it.each(ways)("shows and tells what is $kind, and touches nothing", async (way) => {
    await using setting = await open("report");
    const { rig } = setting;
    await disturbed(setting, way);
    await until("it is a condition", () => codes(rig).includes(way.code));
    await afterLooks(rig);
    expect((await shown(rig)).drift).toBe(way.kind);
    expect(touches(rig)).toEqual([]);
    expect((await drifts(rig)).filter((kind) => kind === way.kind)).toHaveLength(1);
  });

  it("tells that it is over once somebody has put it right", async () => {
    await using setting = await open("report");
    const { rig } = setting;
    await disturbed(setting, ways[0] as Way);
    await last(rig.client.start({ requestId: newRequestId(), service: "hello" }));
    await until("the end is an event", async () => (await drifts(rig)).at(-1) === "");
    await until("nothing is wrong any more", () => codes(rig).length === 0);
    const { events } = await rig.client.listEvents({ service: "hello" });
    const [end] = await rig.life.registry.events({ service: "hello", newest: true, limit: 1 });
    expect(events.at(-1)?.text).toMatch(/^hello\.\w+ is running$/);
    expect(end?.data).toMatchObject({ drift: null, was: "missing", observed: "running" });
  });
});

describe("a new agent", () => {
  it("does not tell again what an earlier one told, and tells that it is over", async () => {
    await using setting = await open("report");
    const { rig, spec } = setting;
    await disturbed(setting, ways[0] as Way);
    await rig.life.kill();
    await rig.boot();
    await until("it is a condition", () => codes(rig).includes("drift"));
    await afterLooks(rig);
    expect((await drifts(rig)).filter((kind) => kind === "missing")).toHaveLength(1);
    await rig.life.kill();
    rig.host.add(spec);
    await rig.boot();
    await until("the end is an event", async () => (await drifts(rig)).at(-1) === "");
    await afterLooks(rig);
    expect(await drifts(rig)).toEqual(["missing", ""]);
  });
});

describe("managed = ignore", () => {
  it.each(ways)("shows what is $kind, tells nobody, and touches nothing", async (way) => {
    await using setting = await open("ignore");
    const { rig } = setting;
    await disturbed(setting, way);
    await afterLooks(rig);
    expect((await shown(rig)).drift).toBe(way.kind);
    expect(touches(rig)).toEqual([]);
    expect(codes(rig)).toEqual([]);
  });
});

it("what somebody stops with podman is back at once, and that is no restart", async () => {
  let aheadMs = 0;
  const clock: Clock = { ...realClock, now: () => Date.now() + aheadMs };
  await using rig = await openRig({ clock });
  rig.host.addImage("localhost/hello:1");
  await rig.deploy(definition("hello", 'name = "hello"\nimage = "localhost/hello:1"'));
  const [name = ""] = rig.host.running;
  for (let times = 1; times <= 4; times++) {
    aheadMs += 61_000;
    rig.host.exit(name, 143, "signal");
    await until("it runs", () => rig.host.running.length === 1);
    await until("that is told", async () => (await drifts(rig)).length === 2 * times);
  }
  expect(await drifts(rig)).toEqual(Array(4).fill(["exited", ""]).flat());
  const { services } = await rig.client.status({ service: "hello" });
  expect(services[0]?.components[0]).toMatchObject({ restarts: 0, quickEnds: 0 });
  const { events } = await rig.client.listEvents({ service: "hello" });
  const texts = events.filter(({ kind }) => kind === "started").map(({ text }) => text);
  expect(texts.slice(1)).toEqual(Array(4).fill(`${name} was started again after an orderly end`));
  expect(codes(rig)).toEqual([]);
});

it("what is unknown is never acted on, even where drift is healed", async () => {
  await using setting = await open("heal");
  const { rig } = setting;
  await disturbed(setting, ways.find(({ kind }) => kind === "unknown") as Way);
  await afterLooks(rig);
  expect(touches(rig)).toEqual([]);
  expect(rig.host.running).toEqual(["moved"]);
});

it("a doctor lists what drifts with how", async () => {
  await using setting = await open("report");
  const { rig } = setting;
  await disturbed(setting, ways[0] as Way);
  const { checks } = await rig.client.doctor({});
  expect(checks.find(({ name }) => name === "services")?.text).toBe("drift in hello/hello (missing)");
});
