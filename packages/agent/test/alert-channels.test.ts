import { Problem } from "@mcp/base";
import { FakeClock } from "@mcp/base/fake-clock";
import type { Condition } from "@mcp/planner";
import { beforeEach, expect, it } from "vitest";
import type { AlertChannel } from "../src/index.ts";
import { openRig, type Rig, until } from "./rig.ts";

/** What becomes of channels that are added, moved or mended, over restarts of the agent. */

const settings = { cooldownMs: 86_400_000, flapThreshold: 5, flapWindowMs: 600_000 };

interface Recorder extends AlertChannel {
  readonly lines: string[];
  isDown: boolean;
}

const recorder = (name: string, target = "first"): Recorder => ({
  name,
  target,
  lines: [],
  isDown: false,
  async send({ message }) {
    if (this.isDown) throw new Problem("alert_failed", `${name} is down`, `start ${name}`);
    this.lines.push(`${message.state}: ${message.title}`);
    return undefined;
  },
});

let clock: FakeClock;
let rig: Rig;
beforeEach(() => {
  clock = new FakeClock();
  return () => rig[Symbol.asyncDispose]();
});

async function open(...channels: readonly AlertChannel[]): Promise<void> {
  rig = await openRig({ clock, alerts: { channels, settings } });
}

/** The agent is killed, and started again with these. */
async function restart(...channels: readonly AlertChannel[]): Promise<void> {
  await rig.life.kill();
  await rig.boot({ alerts: { channels, settings } });
}

const find = (...found: readonly string[]): void =>
  rig.life.agent.engine.conditions.set(
    "test",
    found.map(
      (subject): Condition => ({
        code: "disk_filling",
        service: "",
        component: "",
        subject,
        severity: "critical",
        title: `the disk of ${subject} is full`,
        text: "",
        hint: "",
      }),
    ),
  );

async function soon(what: string, isSo: () => boolean): Promise<void> {
  await until(what, async () => {
    await clock.advance(500);
    return isSo();
  });
}
/** Until nothing more is to be expected. */
async function still(): Promise<void> {
  for (let times = 0; times < 20; times++) {
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
const kept = () => until("all is kept", async () => (await rig.life.registry.alertDeliveries()).length === 0);

it("one that is added while something is wrong is told of that, and then of its end as the others", async () => {
  const [old, added] = [recorder("command"), recorder("webhook")];
  await open(old);
  find("/srv", "/var");
  await soon("it is told", () => old.lines.length === 2);
  await kept();
  await restart(old, added);
  await still();
  // Nobody knows yet whether it is still so.
  expect(added.lines).toEqual([]);
  find("/srv");
  await soon("the new one is told", () => added.lines.length === 1);
  await still();
  expect(added.lines).toEqual(["firing: the disk of /srv is full"]);
  expect(old.lines.slice(2)).toEqual(["recovered: the disk of /var is full"]);
  find();
  await soon("its end is told", () => added.lines.length === 2);
  await still();
  expect(added.lines[1]).toBe("recovered: the disk of /srv is full");
  expect(old.lines.slice(3)).toEqual(["recovered: the disk of /srv is full"]);
});

it("the first that there is at all is told too, and only once over many restarts", async () => {
  const added = recorder("command");
  await open();
  find("/srv");
  await until("it is an event", async () => {
    await clock.advance(500);
    return (await rig.life.registry.events({ limit: 100 })).some(({ kind }) => kind === "alert");
  });
  for (let times = 0; times < 3; times++) {
    await restart(added);
    find("/srv");
    await still();
    expect(added.lines).toEqual(["firing: the disk of /srv is full"]);
  }
});

it("one that is moved is another one, but what waits for it is not told twice", async () => {
  const [wrong, right] = [recorder("webhook", "wrong"), recorder("webhook", "right")];
  wrong.isDown = true;
  await open(wrong);
  find("/srv");
  await soon("it failed", () => rig.life.agent.alerter.channels[0]?.problem !== undefined);
  await restart(right);
  find("/srv");
  await soon("it is told", () => right.lines.length === 1);
  await still();
  expect(right.lines).toEqual(["firing: the disk of /srv is full"]);
  await kept();
  const next = recorder("webhook", "next");
  await restart(next);
  find("/srv");
  await soon("the next one is told", () => next.lines.length === 1);
});

it("one that fails is shown by node status and is an event, once, and so is that it works again", async () => {
  const [good, bad] = [recorder("command"), recorder("webhook")];
  bad.isDown = true;
  await open(good, bad);
  const shown = async () => (await rig.client.nodeStatus({})).node?.alertChannels ?? [];
  expect(await shown()).toMatchObject([
    { name: "command", waiting: 0, lost: 0 },
    { name: "webhook", waiting: 0, lost: 0 },
  ]);
  find("/srv", "/var");
  await soon("it failed", () => rig.life.agent.alerter.channels[1]?.problem !== undefined);
  await still();
  const [ok, failing] = await shown();
  expect(ok?.problem).toBeUndefined();
  expect(ok?.toldAt).toBeDefined();
  expect(failing).toMatchObject({
    problem: { code: "alert_failed", message: "webhook is down", hint: "start webhook" },
    waiting: 2,
  });
  expect(failing?.toldAt).toBeUndefined();
  bad.isDown = false;
  for (let minutes = 0; minutes < 3; minutes++) await clock.advance(60_000);
  await soon("both are told", () => bad.lines.length === 2);
  await still();
  expect((await shown())[1]?.problem).toBeUndefined();
  const events = await rig.life.registry.events({ limit: 100 });
  expect(
    events.filter(({ kind }) => kind.startsWith("alerts_")).map(({ kind, text }) => [kind, text]),
  ).toEqual([
    ["alerts_failing", "alerts by webhook fail: webhook is down"],
    ["alerts_back", "alerts by webhook are told again"],
  ]);
});
