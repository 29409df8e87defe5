import { FakeClock } from "@mcp/base/fake-clock";
import type { AlertMessage } from "@mcp/planner";
import { beforeEach, expect, it } from "vitest";
import type { ConfiguredStage } from "../src/boot/stage.ts";
import { comeToRest, passTime } from "./fake-time.ts";
import { stage } from "./machine.ts";
import { definition, last, newRequestId, openRig, type Rig, type RigOptions, summary } from "./rig.ts";

/** By a clock that the test moves: `web` depends on `db`, whose health check passes until it is told not to. */

const settings = { cooldownMs: 3_600_000, flapThreshold: 5, flapWindowMs: 600_000 };
const stepMs = 500;

let clock: FakeClock;
let rig: Rig & { readonly clock: FakeClock };
let told: AlertMessage[];
let exitCode: number;

async function open(more: RigOptions = {}): Promise<void> {
  const recorder = {
    name: "recorder",
    send: async ({ message }: { message: AlertMessage }) => void told.push(message),
  };
  const opened = await openRig({
    clock,
    alerts: {
      channels: [{ ...recorder, send: async (alert) => recorder.send(alert).then(() => undefined) }],
      settings,
    },
    ...more,
  });
  rig = Object.assign(opened, { clock });
  rig.host.addImage("localhost/hello:1");
  rig.host.onExec = () => ({ exitCode, output: "no such table" });
}

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  exitCode = 0;
  return () => rig[Symbol.asyncDispose]();
});

const pass = (ms: number) => passTime(rig, "shop", ms, stepMs);
const db = (health: string) =>
  `name = "db"\nimage = "localhost/hello:1"\nhealth = { exec = ["ready"], interval = "5s", retries = 2, ${health} }`;
const web = 'name = "web"\nimage = "localhost/hello:1"\ndepends_on = ["db"]';

async function deploy(health = 'start_period = "5s"'): Promise<void> {
  const deploying = rig.deploy(definition("shop", db(health), web));
  let isOver = false;
  void deploying.finally(() => {
    isOver = true;
  });
  while (!isOver) await pass(stepMs);
  expect(summary(await deploying)).toMatchObject({ state: "SUCCEEDED" });
  await pass(2_000);
}

/** Both end, and from now on the check of `db` fails. */
async function breakDown(): Promise<void> {
  exitCode = 1;
  for (const name of rig.host.running) rig.host.exit(name, 1);
  await comeToRest(rig, "shop");
}

const wrong = () =>
  rig.life.agent.engine.conditions.all().map(({ code, component }) => `${code} ${component}`);
const lines = () => told.map(({ state, code, component }) => `${state}: ${code} ${component}`);
const running = () => rig.host.running.map((name) => name.replace(/\..*/, "")).sort();

it("what waits for one that never becomes healthy is told after a minute, and that it is over once it runs", async () => {
  await open();
  await deploy();
  await breakDown();
  await pass(50_000);
  expect(running()).toEqual(["shop-db"]);
  expect(wrong()).toEqual(["unhealthy db"]);
  await pass(15_000);
  expect(wrong()).toEqual(["held_back web", "unhealthy db"]);
  expect(lines()).toEqual(["firing: unhealthy db", "firing: held_back web"]);
  expect(told[1]).toMatchObject({
    severity: "critical",
    title: "shop/web is down, and waits for what it depends on",
    text: "it waits until db is healthy; db: it is unhealthy: ready exited with code 1: no such table",
    hint: "see the log of what it waits for: mcp logs shop/db; start that anew with: mcp restart shop/db",
  });
  exitCode = 0;
  await pass(15_000);
  expect(running()).toEqual(["shop-db", "shop-web"]);
  expect(wrong()).toEqual([]);
  expect(lines().slice(2).sort()).toEqual(["recovered: held_back web", "recovered: unhealthy db"]);
});

it("a long start period is waited out first", async () => {
  await open();
  await deploy('start_period = "5m"');
  await breakDown();
  await pass(295_000);
  expect(wrong()).toEqual([]);
  await pass(45_000);
  expect(wrong()).toContain("held_back web");
});

it("a restart of the agent neither takes it back nor tells it again, and its end is told", async () => {
  await open();
  await deploy();
  await breakDown();
  await pass(65_000);
  expect(lines()).toContain("firing: held_back web");
  const before = lines().length;
  await rig.life.kill();
  await rig.boot();
  await pass(120_000);
  expect(lines().slice(before)).toEqual([]);
  exitCode = 0;
  await pass(15_000);
  expect(lines().slice(before).sort()).toEqual(["recovered: held_back web", "recovered: unhealthy db"]);
});

it("what is stopped while it waits is not told any more", async () => {
  await open();
  await deploy();
  await breakDown();
  await pass(65_000);
  expect(wrong()).toContain("held_back web");
  const stopping = last(rig.client.stop({ requestId: newRequestId(), service: "shop", component: "web" }));
  await pass(5_000);
  await stopping;
  expect(wrong()).toEqual(["unhealthy db"]);
  expect(lines().at(-1)).toBe("recovered: held_back web");
});

it("what the boot sequence holds back is told by that alone", async () => {
  const boot: ConfiguredStage[] = [
    stage("foundation", ["base"], { timeoutMs: 3_600_000 }),
    stage("rest", ["shop"]),
  ];
  let boots = 1;
  await open({ boot, bootId: async () => `boot-${boots}` });
  rig.host.addImage("localhost/base:1");
  const base = rig.deploy(definition("base", 'name = "base"\nimage = "localhost/base:1"'));
  await pass(5_000);
  await base;
  await deploy();
  await rig.life.kill();
  rig.host.reboot();
  boots++;
  rig.host.onCall = ({ call, subject }) => {
    if (call === "start" && subject.startsWith("base.")) throw new Error("it cannot be started");
  };
  await rig.boot();
  await pass(300_000);
  expect(running()).toEqual([]);
  expect(wrong().filter((each) => each.startsWith("held_back"))).toEqual([]);
});
