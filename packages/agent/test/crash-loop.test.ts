import { Problem } from "@mcp/base";
import { FakeClock } from "@mcp/base/fake-clock";
import { ObservedState } from "@mcp/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { passTime } from "./fake-time.ts";
import { definition, last, newRequestId, openRig, type Rig, until } from "./rig.ts";

/** By a clock that the tests move; a workload lives for 100 ms, until it is mended. */

const stepMs = 250;
const livesMs = 100;
const shortestPauseMs = 500;
/** In which something is seen to have happened, however slow the machine is. */
const soonMs = 10 * stepMs;
const boom = [
  { stream: "stderr", text: "no database" },
  { stream: "stderr", text: "boom" },
] as const;

let clock: FakeClock;
let rig: Rig;
let broken: { exitsAfterMs?: number };
beforeEach(async () => {
  clock = new FakeClock();
  rig = await openRig({ clock });
  broken = { exitsAfterMs: livesMs };
  rig.host.addImage("localhost/broken:1", Object.assign(broken, { exitCode: 7, prints: boom }));
  rig.host.addImage("localhost/sound:1");
});
afterEach(async () => {
  for (const component of ["shop/web", "shop/api"])
    expect(rig.host.mostAtOnce(component)).toBeLessThanOrEqual(1);
  expect(rig.host.violations).toEqual([]);
  await rig[Symbol.asyncDispose]();
});

const pass = (ms: number): Promise<void> => passTime(Object.assign(rig, { clock }), "shop", ms, stepMs);

async function passUntil(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await isSo()); turn++) {
    if (turn > 4_000) throw new Error(`it never came that ${what}`);
    await pass(stepMs);
  }
}

/**
 * Without the shortest of pauses. The clock goes on much more slowly than the machine's, so that it is a pause that would fail this
 * and not a machine that is slow.
 */
async function atOnce(what: string, isSo: () => boolean): Promise<void> {
  const fromMs = clock.now();
  await until(what, async () => {
    await clock.advance(1);
    return isSo();
  });
  expect(clock.now() - fromMs).toBeLessThan(shortestPauseMs);
}

const starts = (component = "web"): number[] =>
  rig.host.calls
    .filter(({ call, subject }) => call === "start" && subject.startsWith(`shop-${component}.`))
    .map(({ atMs }) => atMs);

const status = async (name = "web") => {
  const { services } = await rig.client.status({ service: "shop" });
  const found = services[0]?.components.find((component) => component.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return { ...found, is: ObservedState[found.observed] };
};
const told = async (...kinds: string[]) =>
  (await rig.life.registry.events({ service: "shop", limit: 10_000 })).filter(({ kind }) =>
    kinds.includes(kind),
  );
const wrong = () =>
  rig.life.agent.engine.conditions.all().map(({ code, component }) => `${code} ${component}`);

const web = (image = "broken") => `name = "web"\nimage = "localhost/${image}:1"`;
async function deploy(...components: string[]): Promise<void> {
  const deploying = rig.deploy(definition("shop", ...components));
  let isOver = false;
  void deploying.finally(() => {
    isOver = true;
  });
  await passUntil("it is deployed", () => isOver);
  await deploying;
}

describe("what ends as soon as it has started", () => {
  it("is started again at once, then after pauses that grow, and is crash-looping", async () => {
    await deploy(web());
    await passUntil("it was started seven times", () => starts().length >= 7);
    const gaps = starts().map((atMs, index, all) => atMs - (all[index - 1] ?? atMs));
    expect(gaps[1]).toBeLessThanOrEqual(livesMs + soonMs);
    for (const [index, mostMs] of [1_000, 2_000, 4_000, 8_000].entries()) {
      expect(gaps[index + 2]).toBeGreaterThanOrEqual(livesMs + mostMs / 2);
      expect(gaps[index + 2]).toBeLessThanOrEqual(livesMs + mostMs + soonMs);
    }
    await pass(1_000);
    const seen = await status();
    expect(seen).toMatchObject({ is: "CRASH_LOOPING", restarts: 6, quickEnds: 7, lastExitCode: 7 });
    const text = "it exited with code 7, 7 times in a row soon after its start";
    expect(seen.drift).toMatchObject([{ kind: "crash_looping", text }]);
    expect(Number(seen.nextTryAt?.seconds) * 1_000).toBeGreaterThan(clock.now());
  });

  it("is told once, with the end of its log, as an event and as a condition, also over a restart of the agent", async () => {
    await deploy(web());
    await passUntil("it was started six times", () => starts().length >= 6);
    expect(await told("crash_loop", "recovered")).toMatchObject([
      {
        kind: "crash_loop",
        component: "web",
        data: { quickEnds: 3, lastLogLines: expect.arrayContaining(["no database", "boom"]) },
      },
    ]);
    expect(wrong()).toEqual(["crash_looping web"]);
    expect(rig.life.agent.engine.conditions.all()[0]?.text).toContain("\nboom");
    await rig.life.kill();
    await rig.boot();
    await passUntil("the new agent knows", () => wrong().length > 0);
    expect(rig.life.agent.engine.conditions.all()[0]?.text).toContain("\nboom");
    await passUntil("it was started once more", () => starts().length >= 7);
    expect(await told("crash_loop", "recovered")).toHaveLength(1);
  });

  it("has recovered once it has run for a minute, and is started at once when it dies after that", async () => {
    await deploy(web());
    await passUntil("it was started five times", () => starts().length >= 5);
    delete broken.exitsAfterMs;
    await passUntil("it was started again", () => starts().length >= 6);
    await pass(50_000);
    expect((await status()).is).toBe("CRASH_LOOPING");
    expect(await told("recovered")).toEqual([]);
    await passUntil("it has recovered", async () => (await told("recovered")).length > 0);
    expect(clock.now() - (starts().at(-1) ?? 0)).toBeGreaterThanOrEqual(60_000);
    expect(await status()).toMatchObject({ is: "RUNNING", drift: [], quickEnds: 0 });
    expect((await told("crash_loop", "recovered")).map(({ kind }) => kind)).toEqual([
      "crash_loop",
      "recovered",
    ]);
    expect(wrong()).toEqual([]);
    rig.host.exit(rig.host.running[0] as string, 1);
    await atOnce("it runs again", () => rig.host.running.length === 1);
  });

  it("is started at once, and counted anew, where somebody asks for it", async () => {
    await deploy(web());
    await passUntil("it waits for long", async () => (await status()).quickEnds >= 7);
    const before = starts().length;
    const starting = last(rig.client.start({ requestId: newRequestId(), service: "shop" })).catch(
      () => undefined,
    );
    await passUntil("it was started", () => starts().length > before);
    await pass(1_000);
    await starting;
    expect((await rig.life.registry.services())[0]?.instances[0]?.quickEnds).toBeLessThanOrEqual(2);
  });

  it("is not looping where its policy leaves it down", async () => {
    await deploy(`${web()}\nrestart = "on-failure:4"`);
    await passUntil("it had its restarts", () => starts().length === 5);
    await passUntil("it is left", async () => (await status()).is === "EXITED");
    await pass(20_000);
    expect(starts()).toHaveLength(5);
    expect(wrong()).toEqual(["drift web"]);
    expect(await told("recovered")).toEqual([]);
  });
});

describe("a clock that is set while something crashes again and again", () => {
  it.each([-3_600_000, 3_600_000])("by %i ms makes no busy loop, and delays nothing", async (ms) => {
    await deploy(web());
    await passUntil("it was started seven times", () => starts().length >= 7);
    const before = starts().length;
    clock.jump(ms);
    const jumpedAtMs = clock.now();
    await passUntil("it was started again", () => starts().length > before);
    // No later than the pause after seven quick ends would have been over, had it begun with the jump.
    expect((starts()[before] ?? 0) - jumpedAtMs).toBeLessThanOrEqual(livesMs + 32_000 + soonMs);
    await pass(20_000);
    await passUntil("it goes on", () => starts().length >= before + 3);
    const since = starts().slice(before);
    // A life that seemed long begins the count anew: once at once, then after pauses that double.
    for (const [index, atMs] of since.entries())
      if (index >= 2)
        expect(atMs - (since[index - 1] ?? 0)).toBeGreaterThanOrEqual(
          livesMs + shortestPauseMs * 2 ** (index - 2),
        );
  });
});

describe("what is removed by hand again and again", () => {
  it("waits as well", async () => {
    await deploy(web("sound"));
    for (let count = 1; count <= 5; count++) {
      rig.host.vanish(rig.host.running[0] as string);
      await passUntil("it runs again", () => rig.host.running.length === 1);
    }
    const gaps = starts().map((atMs, index, all) => atMs - (all[index - 1] ?? atMs));
    expect(gaps[5]).toBeGreaterThanOrEqual(4_000);
    expect(await status()).toMatchObject({ is: "CRASH_LOOPING", quickEnds: 5 });
  });
});

describe("what cannot be started again", () => {
  const refuse = (component: string, isRefused: () => boolean): void => {
    rig.host.onCall = ({ call, subject }) => {
      if (call === "start" && subject.startsWith(`shop-${component}.`) && isRefused())
        throw new Problem("image_not_found", "its image is gone", "pull it");
    };
  };
  const end = (component: string): void =>
    rig.host.exit(rig.host.running.find((name) => name.startsWith(`shop-${component}.`)) as string, 1);
  const api = `name = "api"\nimage = "localhost/sound:1"`;

  it("is tried again after pauses that grow, and keeps no other component waiting", async () => {
    await deploy(web("sound"), api);
    await pass(61_000);
    let isRefused = true;
    refuse("web", () => isRefused);
    end("web");
    await passUntil("it was tried seven times", () => starts().length >= 7);
    const gaps = starts().map((atMs, index, all) => atMs - (all[index - 1] ?? atMs));
    for (const [index, mostMs] of [1_000, 2_000, 4_000, 8_000].entries())
      expect(gaps[index + 2]).toBeGreaterThanOrEqual(mostMs / 2);
    expect(wrong()).toEqual(["repair_failed web"]);
    expect(Number((await status()).nextTryAt?.seconds) * 1_000).toBeGreaterThan(clock.now());

    const tries = starts().length;
    end("api");
    await atOnce("the other runs again", () => rig.host.running.length === 1);
    expect(starts()).toHaveLength(tries);

    isRefused = false;
    await passUntil("both run", () => rig.host.running.length === 2);
    await pass(1_000);
    expect(wrong()).toEqual([]);
    expect((await status()).is).toBe("RUNNING");
  });

  it("is tried at once where somebody asks", async () => {
    await deploy(web("sound"), api);
    let isRefused = true;
    refuse("web", () => isRefused);
    end("web");
    await passUntil("it was tried seven times", () => starts().length >= 7);
    isRefused = false;
    const starting = last(rig.client.start({ requestId: newRequestId(), service: "shop", component: "web" }));
    await atOnce("it runs", () => rig.host.running.length === 2);
    await pass(1_000);
    await starting;
    expect(wrong()).toEqual([]);
  });
});
