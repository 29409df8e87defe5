import { Problem } from "@mcp/base";
import { ObservedState } from "@mcp/proto";
import { expect, it } from "vitest";
import { definition, openRig, type Rig, until } from "./rig.ts";

const hello = definition("hello", `name = "hello"\nimage = "localhost/hello:1"`);

/** A second life over what the first one started. */
async function rebootedRig(before: (rig: Rig) => void): Promise<Rig> {
  const rig = await openRig({ intervalMs: 20 });
  rig.host.addImage("localhost/hello:1");
  await rig.deploy(hello);
  await rig.life.kill();
  rig.host.calls.length = 0;
  before(rig);
  await rig.boot();
  return rig;
}

const observed = async (rig: Rig) =>
  (await rig.client.status({ service: "hello" })).services[0]?.components[0]?.observed;
const count = (rig: Rig, wanted: string) => rig.host.calls.filter(({ call }) => call === wanted).length;
const later = () => new Promise((resolve) => setTimeout(resolve, 150));

it("a new agent hands a runtime the handles back of what it does not show, once, before it asks by name", async () => {
  await using rig = await rebootedRig(({ host }) => {
    host.listIsEmpty = true;
  });
  await until("it was looked at twice", () => count(rig, "inspect") >= 2);
  const asked = rig.host.calls
    .map(({ call }) => call)
    .filter((call) => call !== "probe" && call !== "events");
  expect(asked.slice(0, asked.indexOf("inspect")).filter((call) => call !== "list")).toEqual(["recover"]);
  expect(count(rig, "recover")).toBe(1);
  expect(await observed(rig)).toBe(ObservedState.RUNNING);
});

it("what a runtime shows by itself is not handed back: it knows it", async () => {
  await using rig = await rebootedRig(() => {});
  await until("it was looked at twice", () => count(rig, "list") >= 2);
  expect(count(rig, "recover")).toBe(0);
  expect(await observed(rig)).toBe(ObservedState.RUNNING);
});

it("what was started in this life is not handed back", async () => {
  await using rig = await openRig({ intervalMs: 20 });
  rig.host.addImage("localhost/hello:1");
  await rig.deploy(hello);
  await later();
  expect(count(rig, "recover")).toBe(0);
});

it("a handle whose workload is gone means that it is missing, and it is made again", async () => {
  await using rig = await rebootedRig(({ host }) => host.vanish(host.running[0] as string));
  await until("it runs again", () => rig.host.running.length === 1);
});

it("a handle that cannot be read makes its instance unknown, and never missing, until it can be", async () => {
  const unread = new Problem("runtime_failed", "a handle of version 2 cannot be read", "upgrade");
  await using rig = await rebootedRig(({ host }) => {
    host.fail("recover", unread, 1_000);
    // A backend that does not know yet what it was not told of.
    host.vanish(host.running[0] as string);
  });
  await later();
  expect(await observed(rig)).toBe(ObservedState.UNKNOWN);
  expect(count(rig, "start")).toBe(0);
  rig.host.clearFaults();
  await until("it is made again", () => rig.host.running.length === 1);
});

it("a handle that cannot be read does not hide what the runtime shows", async () => {
  const unread = new Problem("runtime_failed", "a handle of version 2 cannot be read", "upgrade");
  await using rig = await rebootedRig(({ host }) => host.fail("recover", unread, 1_000));
  await until("it is known", async () => (await observed(rig)) === ObservedState.RUNNING);
  expect(count(rig, "start")).toBe(0);
});

it("a runtime that does not answer when its handles are handed back is unknown, and asked again", async () => {
  const silent = new Problem("runtime_unavailable", "nobody answers", "start it");
  await using rig = await rebootedRig(({ host }) => {
    host.listIsEmpty = true;
    host.fail("recover", silent, 3);
  });
  await until("it is known", async () => (await observed(rig)) === ObservedState.RUNNING);
  expect(count(rig, "recover")).toBe(4);
  expect(count(rig, "start")).toBe(0);
});
