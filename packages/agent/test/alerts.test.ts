import { Problem } from "@mcp/base";
import { FakeClock } from "@mcp/base/fake-clock";
import type { Condition } from "@mcp/planner";
import { Check_Outcome } from "@mcp/proto";
import { expect, it } from "vitest";
import type { Alert, AlertChannel } from "../src/index.ts";
import { definition, openRig, type Rig, type RigOptions, until } from "./rig.ts";

/** Keeps what it is told; fails when it is made to. */
class Recorder implements AlertChannel {
  readonly name: string;
  readonly told: Alert[] = [];
  fail: (() => Promise<undefined>) | undefined;

  constructor(name = "recorder") {
    this.name = name;
  }

  async send(alert: Alert): Promise<undefined> {
    await this.fail?.();
    this.told.push(alert);
  }

  get lines(): string[] {
    return this.told.map(({ message }) => `${message.state}: ${message.title}`);
  }
}

const settings = { cooldownMs: 3_600_000, flapThreshold: 5, flapWindowMs: 600_000 };
const crashing = (service: string, more: Partial<Condition> = {}): Condition => ({
  code: "crash_looping",
  service,
  component: "web",
  subject: "",
  severity: "critical",
  title: `web of ${service} keeps crashing`,
  text: "It exited with code 1.",
  hint: `mcp logs ${service}/web`,
  ...more,
});

interface AlertRig extends Rig {
  readonly clock: FakeClock;
  find(finder: string, ...found: readonly Condition[]): void;
}

/** An agent whose time only goes on when told, with these channels. */
async function openAlertRig(channels: readonly AlertChannel[], more: RigOptions = {}): Promise<AlertRig> {
  const clock = new FakeClock();
  const rig = await openRig({ clock, alerts: { channels, settings }, ...more });
  return Object.assign(rig, {
    clock,
    find: (finder: string, ...found: readonly Condition[]) =>
      rig.life.agent.engine.conditions.set(finder, found),
  });
}

/** Let time go on until it is so: how much is none of a test's business, as long as it is not an hour. */
async function soon(rig: AlertRig, what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  await until(what, async () => {
    if (await isSo()) return true;
    await rig.clock.advance(500);
    return isSo();
  });
}

const still = async (rig: AlertRig): Promise<void> => {
  for (let times = 0; times < 20; times++) {
    await rig.clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

it("what is wrong is told once, and once that it is over; both are events", async () => {
  const channel = new Recorder();
  await using rig = await openAlertRig([channel]);
  rig.find("service hello", crashing("hello"));
  await soon(rig, "it is told", () => channel.told.length === 1);
  expect(channel.told[0]).toMatchObject({
    node: "rift",
    message: { state: "firing", hint: "mcp logs hello/web" },
  });
  rig.find("service hello", crashing("hello", { text: "It exited with code 2." }));
  await still(rig);
  rig.find("service hello");
  await soon(rig, "its end is told", () => channel.told.length === 2);
  await still(rig);
  expect(channel.lines).toEqual([
    "firing: web of hello keeps crashing",
    "recovered: web of hello keeps crashing",
  ]);
  const events = await rig.life.registry.events({ service: "hello", limit: 10 });
  expect(events.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
    "alert: [rift] critical: web of hello keeps crashing",
    "alert: [rift] over: web of hello keeps crashing",
  ]);
});

it("an agent that is killed repeats nothing, and its successor tells what is over once it has looked", async () => {
  const channel = new Recorder();
  await using rig = await openAlertRig([channel]);
  rig.find("service hello", crashing("hello"));
  await soon(rig, "it is told", () => channel.told.length === 1);
  await until("that is kept", async () => (await rig.life.registry.alertDeliveries()).length === 0);
  await rig.life.kill();
  await rig.boot();
  rig.find("service other");
  await still(rig);
  // No such service is there any more: nobody will ever look at it.
  await soon(rig, "its end is told", () => channel.told.length === 2);
  expect(channel.lines[1]).toBe("recovered: web of hello keeps crashing");
});

it("what nobody has looked at since the agent started is not over", async () => {
  const channel = new Recorder();
  await using rig = await openAlertRig([channel]);
  rig.find("test", crashing("", { code: "disk_filling", title: "the disk is filling" }));
  await soon(rig, "it is told", () => channel.told.length === 1);
  await rig.life.kill();
  await rig.boot();
  await still(rig);
  expect(channel.told).toHaveLength(1);
  rig.find("test");
  await soon(rig, "its end is told", () => channel.told.length === 2);
  expect(channel.lines[1]).toBe("recovered: the disk is filling");
});

it("what a killed agent had not told yet is told by the next one, by that channel alone", async () => {
  const [good, bad] = [new Recorder("good"), new Recorder("bad")];
  bad.fail = async () => Promise.reject(new Problem("alert_failed", "it is down", "start it"));
  await using rig = await openAlertRig([good, bad]);
  rig.find("test", crashing(""));
  await soon(rig, "it is told", () => good.told.length === 1);
  await until("that is kept", async () => (await rig.life.registry.alertDeliveries()).length === 1);
  await rig.life.kill();
  bad.fail = undefined;
  await rig.boot();
  await soon(rig, "the other one tells it", () => bad.told.length === 1);
  await still(rig);
  expect([good.told.length, bad.told.length]).toEqual([1, 1]);
  expect(await rig.life.registry.alertDeliveries()).toEqual([]);
});

it("many at once are one message", async () => {
  const channel = new Recorder();
  await using rig = await openAlertRig([channel]);
  for (let number = 0; number < 20; number++) rig.find(`service s${number}`, crashing(`s${number}`));
  await soon(rig, "it is told", () => channel.told.length > 0);
  await still(rig);
  expect(channel.lines).toEqual(["summary: 20 things are wrong"]);
});

it("a channel that fails is tried again, shown by doctor, and holds up neither the others nor the agent", async () => {
  const [good, bad] = [new Recorder("good"), new Recorder("bad")];
  bad.fail = async () => Promise.reject(new Problem("alert_failed", "it is down", "start it"));
  await using rig = await openAlertRig([bad, good]);
  const checks = async () =>
    (await rig.client.doctor({})).checks
      .filter(({ name }) => name.startsWith("alerts"))
      .map(({ name, outcome, text, hint }) => ({ name, outcome: Check_Outcome[outcome], text, hint }));
  expect((await checks()).map(({ outcome }) => outcome)).toEqual(["OK", "OK"]);
  rig.find("test", crashing(""));
  await soon(rig, "the good one tells it", () => good.told.length === 1);
  await soon(rig, "the bad one failed", () => rig.life.agent.alerter.channels[0]?.problem !== undefined);
  expect(await checks()).toMatchObject([
    { name: "alerts: bad", outcome: "FAILED", text: "it is down; 1 waiting", hint: "start it" },
    { name: "alerts: good", outcome: "OK" },
  ]);
  bad.fail = undefined;
  rig.find("test");
  await soon(rig, "both tell the end", () => bad.told.length === 2 && good.told.length === 2);
  expect((await checks()).map(({ outcome }) => outcome)).toEqual(["OK", "OK"]);
});

it("what is told while a channel is down for minutes is not lost: it is given up after an hour, and not before", async () => {
  const channel = new Recorder();
  let tries = 0;
  channel.fail = async () => {
    tries++;
    throw new Problem("alert_failed", "it is down", "start it");
  };
  // What is repeated in the meantime would take turns with what is waited for here.
  const alerts = { channels: [channel], settings: { ...settings, cooldownMs: 86_400_000 } };
  await using rig = await openAlertRig([channel], { alerts });
  const status = () => rig.life.agent.alerter.channels[0];
  rig.find("test", crashing(""));
  await soon(rig, "it was tried", () => tries === 1);
  const pass = async (minutes: number) => {
    for (let times = 0; times < minutes; times++) await rig.clock.advance(60_000);
  };
  await pass(55);
  expect(status()).toMatchObject({ waiting: 1, lost: 0 });
  expect(tries).toBeGreaterThan(50);
  await rig.life.kill();
  await rig.boot();
  channel.fail = undefined;
  await soon(rig, "it is told", () => channel.told.length === 1);

  rig.find("test", crashing(""), crashing("", { subject: "other" }));
  channel.fail = async () => Promise.reject(new Problem("alert_failed", "it is down", "start it"));
  await soon(rig, "it waits", () => status()?.waiting === 1);
  await pass(55);
  expect(status()?.lost).toBe(0);
  await pass(8);
  expect(status()?.lost).toBe(1);
});

it("a channel that hangs, or that has a bug, costs the others nothing, and keeps a hundred messages at most", async () => {
  const [good, hung, broken] = [new Recorder("good"), new Recorder("hung"), new Recorder("broken")];
  hung.fail = () => new Promise(() => {});
  broken.fail = async () => {
    throw new TypeError("undefined is not a function");
  };
  await using rig = await openAlertRig([hung, broken, good]);
  for (let times = 0; times < 130; times++) {
    rig.find("test", crashing("", { subject: `disk ${times}` }));
    await soon(
      rig,
      "it is told",
      () => good.lines.filter((line) => line.startsWith("firing")).length > times,
    );
  }
  const [first, second] = rig.life.agent.alerter.channels;
  expect(first?.waiting).toBeLessThanOrEqual(100);
  expect(first?.lost).toBeGreaterThan(0);
  expect(second?.problem?.code).toBe("internal");
});

it("a full disk does not keep it from being told", async () => {
  const channel = new Recorder();
  await using rig = await openAlertRig([channel]);
  const { registry } = rig.life;
  registry.changeAlerts = async () => {
    throw new Problem("disk_full", "no space is left", "free some");
  };
  rig.find("test", crashing("", { code: "database_unwritable", title: "the database cannot be written" }));
  await soon(rig, "it is told", () => channel.told.length === 1);
  rig.find("test");
  await soon(rig, "its end is told", () => channel.told.length === 2);
});

it("a runtime that is lost is told if something is of it, and when it is back", async () => {
  const channel = new Recorder();
  await using rig = await openAlertRig([channel]);
  const down = new Problem("runtime_unavailable", "podman does not answer", "systemctl start podman.socket");
  rig.host.addImage("localhost/hello:1");
  rig.host.down = down;
  await soon(rig, "it was looked at", () => rig.life.agent.engine.conditions.reported.has("runtimes"));
  await still(rig);
  expect(channel.told).toEqual([]);
  rig.host.down = undefined;
  const deployed = rig.deploy(definition("hello", `name = "hello"\nimage = "localhost/hello:1"`));
  await soon(rig, "it runs", () => rig.host.running.length === 1);
  await deployed;
  rig.host.down = down;
  await soon(rig, "it is told", () => channel.lines.includes("firing: fake cannot be used"));
  expect(channel.told[0]?.message).toMatchObject({
    code: "runtime_lost",
    severity: "critical",
    hint: down.hint,
  });
  rig.host.down = undefined;
  await soon(rig, "its end is told", () => channel.lines.includes("recovered: fake cannot be used"));
});

it("another store is told, with how to go on", async () => {
  const channel = new Recorder();
  await using rig = await openAlertRig([channel]);
  rig.host.addImage("localhost/hello:1");
  const deployed = rig.deploy(definition("hello", `name = "hello"\nimage = "localhost/hello:1"`));
  await soon(rig, "it runs", () => rig.host.running.length === 1);
  await deployed;
  rig.host.store = "another";
  await soon(rig, "it is told", () => channel.lines.includes("firing: fake shows another store"));
  expect(channel.told[0]?.message.hint).toContain("mcp-agent accept-store");
});

it("what is unhealthy is told to be over by the next agent when a check has passed, and not before", async () => {
  const channel = new Recorder();
  await using rig = await openAlertRig([channel]);
  rig.host.addImage("localhost/hello:1");
  let exitCode = 0;
  rig.host.onExec = () => ({ exitCode, output: "" });
  const health = 'health = { exec = ["ready"], interval = "20s", retries = 2 }';
  const toml = definition("hello", `name = "hello"\nimage = "localhost/hello:1"\n${health}`);
  const deployed = rig.deploy(toml);
  await soon(rig, "it runs", () => rig.life.agent.engine.conditions.reported.has("service hello"));
  await deployed;
  exitCode = 1;
  await soon(rig, "it is told", () => channel.lines.includes("firing: hello/hello is unhealthy"));
  await rig.life.kill();
  await rig.boot();
  // Long enough to be asked twice more.
  for (let times = 0; times < 3; times++) await still(rig);
  expect(channel.lines).toEqual(["firing: hello/hello is unhealthy"]);
  await rig.life.kill();
  await rig.boot();
  exitCode = 0;
  await soon(rig, "its end is told", () => channel.lines.includes("recovered: hello/hello is unhealthy"));
});
