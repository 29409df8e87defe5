import { describe, expect, it } from "vitest";
import { labelKeys } from "../../packages/runtime/src/index.ts";
import { deploy, last, newRequestId, withNode } from "./node.ts";

/** What somebody does by hand with podman, beside the agent. */

const node = withNode({ interval: "500ms" });

const definition = (service: string, managed: string) => `
name = "${service}"
managed = "${managed}"
[[components]]
name = "web"
image = "${node.rig.image}"
cmd = ["sleep", "1000"]
start_period = "0s"
grace = "0s"
`;

async function deployed(service: string, managed: string): Promise<void> {
  const { state, problem } = await deploy(node, definition(service, managed));
  expect({ state, problem: problem?.message }).toEqual({ state: "STATE_SUCCEEDED", problem: undefined });
}

const componentOf = async (service: string) =>
  (await node.client.status({ service })).services?.[0]?.components?.[0];
const driftOf = async (service: string) =>
  ((await componentOf(service))?.drift ?? []).map(({ kind }) => kind).join();
const eventsOf = async (service: string) => {
  const { events = [] } = await node.client.listEvents({ service });
  return events.filter(({ kind }) => kind === "observed").map(({ drift = "" }) => drift);
};
/** By podman's own word. */
const seen = async (name: string) =>
  (await node.rig.cli(["inspect", "--format", "{{.Id}} {{.State.Status}}", name]).catch(() => "")).trim();
const instanceOf = async (service: string): Promise<string> =>
  (await componentOf(service))?.instance ?? expect.fail(`${service} has no instance`);

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come about`);
}

/** Who acts on what is seen has done so by then. */
const later = () => node.passes(3);

/** A container with labels of ours, as somebody might run it who has read them. */
async function runByHand(
  name: string,
  labels: Partial<Record<keyof typeof labelKeys, string>>,
  ...more: readonly string[]
): Promise<void> {
  const all = {
    service: "x",
    component: "web",
    instance: name,
    revision: "1",
    specHash: "by-hand",
    ...labels,
  };
  const flags = Object.entries(all).flatMap(([field, value]) => [
    "--label",
    `${labelKeys[field as keyof typeof labelKeys]}=${value}`,
  ]);
  await node.rig.cli(["run", "--detach", "--name", name, ...flags, ...more, node.rig.image, "sleep", "1000"]);
}

/** With the agent frozen meanwhile: what has ended is removed by it at once, and is back under its name. */
async function unseen(work: () => Promise<void>): Promise<void> {
  node.agent.kill("SIGSTOP");
  try {
    await work();
  } finally {
    node.agent.kill("SIGCONT");
  }
}

const remove = async (instance: string): Promise<void> => {
  await node.rig.cli(["rm", "--force", "--time", "0", instance]);
};

const replace = (...byHand: Parameters<typeof runByHand>): Promise<void> =>
  unseen(async () => {
    await remove(byHand[0]);
    await runByHand(...byHand);
  });

const disturb: Readonly<Record<string, (instance: string, service: string) => Promise<unknown>>> = {
  missing: (instance) => unseen(() => remove(instance)),
  exited: (instance) => node.rig.cli(["stop", "--time", "0", instance]),
  async wrong_image(instance, service) {
    const image = `localhost/other:v1@sha256:${"0123456789abcdef".repeat(4)}`;
    await replace(instance, { service }, "--label", `mcp.image=${image}`);
  },
  wrong_spec: (instance, service) => replace(instance, { service }),
};

describe.each(Object.keys(disturb))("what somebody makes %s by hand", (kind) => {
  const name = kind.replace("_", "-");

  it("is put right, and both are told", async () => {
    const service = `heal-${name}`;
    await deployed(service, "heal");
    await disturb[kind]?.(await instanceOf(service), service);
    await until("its drift is an event", async () => (await eventsOf(service)).length > 0);
    await until("it is over", async () => (await eventsOf(service)).at(-1) === "");
    expect(await driftOf(service)).toBe("");
    expect(await seen(await instanceOf(service))).toMatch(/ running$/);
    await last(node.client.undeploy({ requestId: newRequestId(), service }));
  });

  it("is reported and left as it is, where the definition says so", async () => {
    const service = `report-${name}`;
    await deployed(service, "report");
    const instance = await instanceOf(service);
    await disturb[kind]?.(instance, service);
    await until("its drift is shown", async () => (await driftOf(service)) === kind);
    const left = await seen(instance);
    await later();
    expect(await seen(instance)).toBe(left);
    expect(await driftOf(service)).toBe(kind);
    expect((await eventsOf(service)).at(-1)).toBe(kind);
    await last(node.client.start({ requestId: newRequestId(), service }));
    expect(await driftOf(service)).toBe("");
    await last(node.client.undeploy({ requestId: newRequestId(), service }));
  });
});

it("what somebody has renamed is unknown, and left alone until it has its name back", async () => {
  await deployed("renamed", "heal");
  const instance = await instanceOf("renamed");
  await node.rig.cli(["rename", instance, "moved"]);
  await until("it is unknown", async () => (await driftOf("renamed")) === "unknown");
  const left = await seen("moved");
  await later();
  expect(await seen("moved")).toBe(left);
  expect(await seen(instance)).toBe("");
  await node.rig.cli(["rename", "moved", instance]);
  await until("it is as it should be", async () => (await driftOf("renamed")) === "");
  await last(node.client.undeploy({ requestId: newRequestId(), service: "renamed" }));
});

it("what has labels of an unknown service is unmanaged, what has none a stranger, and neither is touched", async () => {
  await runByHand("old-web", { service: "old" });
  await runByHand("spoofed", { service: "evil\u001b[2J" });
  await node.rig.cli(["run", "--detach", "--name", "registry", node.rig.image, "sleep", "1000"]);
  const all = ["old-web", "spoofed", "registry"];
  const before = await Promise.all(all.map(seen));
  await later();
  const { unmanaged = [], strangers = [], strangerCount } = await node.client.status({});
  expect(unmanaged).toMatchObject([{ instance: "old-web", service: "old", component: "web" }]);
  expect(strangerCount).toBe(2);
  expect(strangers).toMatchObject([
    { name: "registry", what: "container", state: "running", image: node.rig.image },
    { name: "spoofed", what: "container", state: "running" },
  ]);
  expect(JSON.stringify(await node.client.status({}))).not.toContain("evil");
  expect(await eventsOf("old")).toEqual(["unmanaged"]);
  const { checks = [] } = await node.client.doctor({});
  expect(checks.find(({ name }) => name === "services")?.text).toContain("old-web (unmanaged)");
  expect(await Promise.all(all.map(seen))).toEqual(before);
  await node.rig.cli(["rm", "--force", "--time", "0", ...all]);
  await until("its end is told", async () => (await eventsOf("old")).at(-1) === "");
});
