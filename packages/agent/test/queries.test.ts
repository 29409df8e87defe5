import { ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import {
  Health,
  ObservedState,
  ProblemDetailSchema,
  HealthCheckResponse_ServingStatus as Serving,
} from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { routesOf } from "../src/index.ts";
import { definition, last, newRequestId, openRig, type Rig, until } from "./rig.ts";

const talkers = definition(
  "talk",
  `name = "a"\nimage = "localhost/talker:1"`,
  `name = "b"\nimage = "localhost/talker:1"`,
);

async function openTalk(): Promise<Rig> {
  const rig = await openRig();
  rig.host.addImage("localhost/talker:1", {
    prints: (spec) => [
      { stream: "stdout", text: `${spec.labels.component} says hello` },
      { stream: "stderr", text: `${spec.labels.component} complains` },
    ],
  });
  await rig.deploy(talkers);
  return rig;
}

it("status says of what is under way whether somebody asked for it, or the agent itself puts it right", async () => {
  await using rig = await openTalk();
  const underWay = async () => {
    const [service] = (await rig.client.status({})).services;
    return [service?.runningOperation, service?.runningOperationKind];
  };
  await until("the deploy is over", async () => (await underWay())[0] === "");
  expect(await underWay()).toEqual(["", ""]);
  rig.host.fail("start", "hang");
  rig.host.exit(rig.host.running[0] as string, 1);
  await until("it is under way", async () => (await underWay())[1] === "repair");
  const [id = ""] = await underWay();
  expect((await rig.life.registry.operation(id))?.kind).toBe("repair");
});

const problemOf = async (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => undefined,
    (thrown: unknown) => ConnectError.from(thrown).findDetails(ProblemDetailSchema)[0]?.code,
  );

async function linesOf(stream: AsyncIterable<{ lines: readonly { component: string; text: string }[] }>) {
  const all: string[] = [];
  for await (const { lines } of stream)
    all.push(...lines.map(({ component, text }) => `${component}: ${text}`));
  return all;
}

describe("logs", () => {
  it("of a service are those of all its components", async () => {
    await using rig = await openTalk();
    const lines = await linesOf(rig.client.logs({ service: "talk" }));
    expect(lines.sort()).toEqual(["a: a complains", "a: a says hello", "b: b complains", "b: b says hello"]);
  });

  it("of one component, from the end", async () => {
    await using rig = await openTalk();
    expect(await linesOf(rig.client.logs({ service: "talk", component: "b", tail: 1 }))).toEqual([
      "b: b complains",
    ]);
  });

  it("end when whoever follows them goes away", async () => {
    await using rig = await openTalk();
    const leaving = new AbortController();
    const following = linesOf(rig.client.logs({ service: "talk", follow: true }, { signal: leaving.signal }));
    await until("both are followed", () => rig.host.calls.filter(({ call }) => call === "logs").length === 2);
    leaving.abort();
    await expect(following).rejects.toThrow();
  });

  it("of what is not there are a problem", async () => {
    await using rig = await openTalk();
    expect(await problemOf(linesOf(rig.client.logs({ service: "nope" })))).toBe("service_not_found");
    expect(await problemOf(linesOf(rig.client.logs({ service: "talk", component: "c" })))).toBe(
      "component_not_found",
    );
  });
});

describe("names and numbers from outside", () => {
  it.each(["../etc", "a;b", "a\nb", "A", "", "x".repeat(64), "ａ"])(
    "refuses %j as a service",
    async (service) => {
      await using rig = await openRig();
      const requestId = newRequestId();
      expect(await problemOf(last(rig.client.stop({ requestId, service })))).toBe("request_invalid");
      expect(await problemOf(rig.client.getService({ service }))).toBe("request_invalid");
    },
  );

  it("refuses a request without an id, and a limit beyond its bounds", async () => {
    await using rig = await openRig();
    expect(await problemOf(last(rig.client.undeploy({ service: "x" })))).toBe("request_invalid");
    expect(await problemOf(rig.client.listOperations({ limit: 1_000_000 }))).toBe("request_invalid");
    expect(await problemOf(rig.client.getOperation({ id: "nope" }))).toBe("operation_not_found");
  });

  it("answers what is not built yet with unimplemented", async () => {
    await using rig = await openRig();
    expect(await problemOf(rig.client.adopt({ service: "x" }))).toBe("not_yet_supported");
    expect(await problemOf(rig.client.prune({}))).toBe("not_yet_supported");
  });
});

describe("a plan", () => {
  it("changes nothing, and is what a deploy then does", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/talker:1");
    const plan = await rig.client.plan({
      what: { case: "deploy", value: { toml: talkers, file: "talk.toml" } },
    });
    expect(rig.host.calls.map(({ call }) => call)).not.toContain("start");
    expect((await rig.client.listServices({})).services).toEqual([]);
    const operation = await rig.deploy(talkers);
    expect(operation.steps.map(({ action, reason }) => [action, reason])).toEqual(
      plan.steps.map(({ action, reason }) => [action, reason]),
    );
    expect(plan.steps.every(({ reason }) => reason !== "")).toBe(true);
  });

  it("says what would be refused", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/talker:1");
    const on = (service: string) =>
      definition(service, `name = "x"\nimage = "localhost/talker:1"\nports = ["80:80"]`);
    await rig.deploy(on("one"));
    const plan = await rig.client.plan({
      what: { case: "deploy", value: { toml: on("two"), file: "two.toml" } },
    });
    expect(plan.blocked.join()).toContain("already belongs to one/x");
  });
});

describe("what is shown", () => {
  it("of a service is its definition as it is current", async () => {
    await using rig = await openTalk();
    const { toml, revision } = await rig.client.getService({ service: "talk" });
    expect(toml).toContain('image = "localhost/talker:1"');
    expect(revision?.components[0]?.digest).toMatch(/^sha256:/);
  });

  it("of a workload that nobody recorded is that it is unmanaged", async () => {
    await using rig = await openTalk();
    const [instance] = (await rig.life.registry.service("talk"))?.instances ?? [];
    const spec = instance?.spec as Parameters<typeof rig.host.add>[0];
    rig.host.add({ ...spec, name: "stray", ports: [] });
    const { unmanaged } = await rig.client.status({});
    expect(unmanaged).toMatchObject([{ instance: "stray", observed: ObservedState.RUNNING }]);
  });

  it("of the agent's health is that it serves, until it stops", async () => {
    await using rig = await openRig();
    const health = createClient(Health, createRouterTransport(routesOf(rig.life.agent)));
    expect((await health.check({})).status).toBe(Serving.SERVING);
    await expect(health.check({ service: "other" })).rejects.toThrow(/no service/);
    rig.life.agent.engine.halt();
    expect((await health.check({})).status).toBe(Serving.NOT_SERVING);
  });
});
