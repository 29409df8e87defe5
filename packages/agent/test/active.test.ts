import { DesiredState } from "@mcp/proto";
import { expect, it } from "vitest";
import { definition, last, newRequestId, openRig, type Rig, summary, until } from "./rig.ts";

/** `active = false`: deployed as stopped, until somebody asks for it. */

const active = definition("hello", `name = "web"\nimage = "localhost/hello:1"`);
const resting = `active = false\n${active}`;

const stateOf = async (rig: Rig) => {
  const { services } = await rig.client.status({ service: "hello" });
  const { service, components = [] } = services[0] ?? {};
  return {
    inactive: service?.inactive,
    desired: DesiredState[service?.desired ?? 0],
    drift: components.flatMap(({ drift }) => drift.map(({ kind }) => kind)),
  };
};
const touches = ({ host }: Rig) =>
  host.calls.filter(({ call }) => ["start", "stop", "remove", "pull"].includes(call)).map(({ call }) => call);
const ask = (rig: Rig, what: "start" | "stop" | "restart") =>
  last(rig.client[what]({ requestId: newRequestId(), service: "hello" }));

/** Time for several looks. */
async function afterLooks({ host }: Rig): Promise<void> {
  const lists = () => host.calls.filter(({ call }) => call === "list").length;
  const before = lists();
  await until("it was looked at again", () => lists() >= before + 4);
}

it("it deploys as stopped, without an image, says so in the plan, and starts when it is asked for", async () => {
  await using rig = await openRig({ intervalMs: 30 });
  rig.host.publish("localhost/hello:1");
  const note =
    "hello has active = false: it is stopped, and neither pulled nor started until mcp start hello";
  const plan = await rig.client.plan({ what: { case: "deploy", value: { toml: resting, file: "x" } } });
  expect(plan.notes).toContain(note);
  expect(plan.steps.map(({ action }) => action)).toEqual(["accept"]);
  expect((await rig.deploy(resting)).notes).toContain(note);
  await afterLooks(rig);
  expect(touches(rig)).toEqual([]);
  expect(await stateOf(rig)).toEqual({ inactive: true, desired: "STOPPED", drift: [] });
  await ask(rig, "start");
  expect(touches(rig)).toEqual(["pull", "start"]);
  await afterLooks(rig);
  expect(rig.host.running).toHaveLength(1);
  expect(await stateOf(rig)).toEqual({ inactive: true, desired: "RUNNING", drift: [] });
});

it("it stops what runs, stays so over a new agent, and active = true starts it again", async () => {
  await using rig = await openRig({ intervalMs: 30 });
  rig.host.addImage("localhost/hello:1");
  await rig.deploy(active);
  await rig.deploy(resting);
  expect(rig.host.running).toEqual([]);
  await rig.life.kill();
  await rig.boot();
  await afterLooks(rig);
  expect(rig.host.running).toEqual([]);
  await rig.deploy(active);
  expect(rig.host.running).toHaveLength(1);
  expect(await stateOf(rig)).toEqual({ inactive: false, desired: "RUNNING", drift: [] });
});

it("a deploy of it again stops what was started by hand, and one of a component only that", async () => {
  await using rig = await openRig();
  rig.host.addImage("localhost/hello:1");
  await rig.deploy(resting);
  await ask(rig, "start");
  expect(summary(await rig.deploy(resting))).toMatchObject({ state: "SUCCEEDED", steps: ["stop"] });
  expect(rig.host.running).toEqual([]);
  const plan = await rig.client.plan({
    what: { case: "deploy", value: { toml: resting, file: "x" } },
    component: "web",
  });
  expect(plan.notes.join()).toContain("hello/web has active = false");
});
