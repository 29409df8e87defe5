import { Problem } from "@mcp/base";
import { FakeClock } from "@mcp/base/fake-clock";
import { beforeEach, describe, expect, it } from "vitest";
import { definition, last, openRig, type Rig, summary, until } from "./rig.ts";

/** One test for each bug of health checks and of the restarts for them, named after it. */

let clock: FakeClock;
let rig: Rig;
/** By program: what it exits with. */
let answers: Record<string, number>;
beforeEach(async () => {
  clock = new FakeClock(Date.now());
  rig = await openRig({ clock });
  rig.host.addImage("localhost/hello:1");
  answers = {};
  rig.host.onExec = (_, [program = ""]) => ({ exitCode: answers[program] ?? 0, output: "" });
  return () => rig[Symbol.asyncDispose]();
});

const shop = (program: string) =>
  definition(
    "shop",
    'name = "db"\nimage = "localhost/hello:1"\nstart_period = "0s"\n' +
      `health = { exec = ["${program}"], interval = "1s", retries = 1, start_period = "0s", restart = true }`,
  );
const pass = async (ms: number): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 50) {
    await clock.advance(50);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};
async function passUntil(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  await until(what, async () => {
    await pass(50);
    return isSo();
  });
}
const deploy = async (toml: string) => {
  let isOver = false;
  const deploying = rig.deploy(toml).finally(() => {
    isOver = true;
  });
  await passUntil("it is deployed", () => isOver);
  return summary(await deploying);
};
const recordOf = async () => (await rig.life.registry.service("shop"))?.instances[0];
const starts = () => rig.host.calls.filter(({ call }) => call === "start").length;

describe("it does not happen again that", () => {
  it("a changed health check waits for the next pass, if nothing else was changed", async () => {
    await deploy(shop("old"));
    await pass(1_000);
    answers = { fresh: 1 };
    const beganMs = clock.now();
    expect(await deploy(shop("fresh"))).toEqual({ state: "SUCCEEDED", steps: ["accept"] });
    await passUntil("the new one is heeded", () => starts() === 2);
    expect(clock.now() - beganMs).toBeLessThan(10_000);
  });

  it("the counts of restarts begin anew when the stop for one fails", async () => {
    await deploy(shop("ready"));
    await pass(1_000);
    rig.host.fail("stop", new Problem("runtime_failed", "podman is out of sorts", "try again"));
    answers = { ready: 1 };
    rig.host.onCall = ({ call }) => {
      if (call === "start") answers = {};
    };
    await passUntil("it was started again", () => starts() === 2);
    await passUntil("that is recorded", async () => ((await recordOf())?.restarts ?? 0) > 0);
    expect(await recordOf()).toMatchObject({ restarts: 1, quickEnds: 1 });
  });

  it("the counts of restarts begin anew when the agent is killed before the stop for one", async () => {
    await deploy(shop("ready"));
    await pass(1_000);
    await rig.life.kill();
    answers = { ready: 1 };
    let isDead = false;
    await rig.boot({
      async faultPoint(where) {
        if (where !== "stop: recorded") return;
        isDead = true;
        await new Promise(() => {});
      },
    });
    await passUntil("it is about to be stopped", () => isDead);
    await rig.life.kill();
    answers = {};
    await rig.boot();
    await passUntil("it was started again", () => starts() === 2);
    await passUntil("that is recorded", async () => ((await recordOf())?.restarts ?? 0) > 0);
    expect(await recordOf()).toMatchObject({ restarts: 1, quickEnds: 1 });
    await pass(60_000);
    expect(starts()).toBe(2);
  });

  it("a restart that another operation has overtaken is done all the same, later", async () => {
    const toml = shop("ready");
    await deploy(toml);
    const { registry } = rig.life;
    const of = { service: "shop", kind: "restart" } as const;
    await registry.addOperation({ id: "old", requestId: "old-one", ...of, request: { kind: "restart" } });
    await registry.setOperation("old", { state: "running" });
    const { createdAtMs = 0 } = (await registry.operation("old")) ?? {};
    await new Promise((resolve) => setTimeout(resolve, 5));
    await deploy(toml);
    await registry.requestRestart("shop", ["db"], createdAtMs);
    await rig.life.kill();
    clock.jump(60_000);
    const before = starts();
    await rig.boot();
    expect(summary(await last(rig.client.watchOperation({ id: "old" })))).toMatchObject({
      problem: "superseded",
    });
    await pass(2_000);
    expect(starts()).toBe(before);
  });
});
