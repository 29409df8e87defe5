import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { ConnectError } from "@connectrpc/connect";
import { Problem } from "@mcp/base";
import { ObservedState, ProblemDetailSchema } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { definition, last, newRequestId, openRig, type Rig, refusalOf, summary, until } from "./rig.ts";

/** One test for each bug that was found, named after it. */

const hello = (tag: number, more = "") =>
  definition("hello", `name = "hello"\nimage = "localhost/hello:${tag}"\n${more}`);
const refused = new Problem("runtime_failed", "podman says no", "ask podman");

async function openHello(options: Parameters<typeof openRig>[0] = {}): Promise<Rig> {
  const rig = await openRig(options);
  for (const tag of [1, 2, 3]) rig.host.addImage(`localhost/hello:${tag}`);
  await rig.deploy(hello(1));
  return rig;
}

const ask = (rig: Rig, what: "stop" | "start" | "restart" | "undeploy", service = "hello") =>
  last(rig.client[what]({ requestId: newRequestId(), service }));
const images = (rig: Rig) => rig.host.workloads.map(({ imageReference }) => imageReference);
const problemOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (thrown: unknown) => ConnectError.from(thrown).findDetails(ProblemDetailSchema)[0]?.code,
  );

describe("it does not happen again that", () => {
  it("an operation that another has overtaken is done again at the next start", async () => {
    await using rig = await openHello();
    const request = { kind: "deploy", definition: { toml: hello(2), file: "a.toml", imageRegistry: "" } };
    await rig.life.registry.addOperation({
      id: "old",
      requestId: "old-one",
      service: "hello",
      kind: "deploy",
      request,
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await rig.deploy(hello(3));
    await rig.life.kill();
    await rig.boot();
    const old = await last(rig.client.watchOperation({ id: "old" }));
    expect(summary(old)).toMatchObject({ state: "FAILED", problem: "superseded" });
    expect(images(rig)).toEqual(["localhost/hello:3"]);
  });

  it("a request that comes first after a start goes ahead of what was left unfinished", async () => {
    await using rig = await openHello();
    const request = { kind: "deploy", definition: { toml: hello(2), file: "a.toml", imageRegistry: "" } };
    await rig.life.registry.addOperation({
      id: "old",
      requestId: "old-one",
      service: "hello",
      kind: "deploy",
      request,
    });
    await rig.life.kill();
    rig.host.latencyMs = 20;
    await rig.boot();
    await rig.deploy(hello(3));
    expect(images(rig)).toEqual(["localhost/hello:3"]);
  });

  it("a new service is started in a store that is not ours", async () => {
    await using rig = await openHello();
    rig.host.store = "/another";
    const deploying = rig.deploy(definition("new", `name = "new"\nimage = "localhost/hello:1"`));
    expect(await refusalOf(deploying)).toMatchObject({ code: "store_changed" });
    expect(rig.host.workloads).toEqual([]);
  });

  it("a start that waited behind an undeploy leaves a ghost", async () => {
    await using rig = await openHello();
    const undeploying = ask(rig, "undeploy");
    const starting = ask(rig, "start");
    await undeploying;
    expect(summary(await starting)).toMatchObject({ state: "FAILED", problem: "service_not_found" });
    expect((await rig.client.listServices({})).services).toEqual([]);
  });

  it("an unchanged deploy of one component makes a revision", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/a:1");
    const toml = definition(
      "shop",
      `name = "a"\nimage = "localhost/a:1"`,
      `name = "b"\nimage = "localhost/a:1"`,
    );
    await rig.deploy(toml);
    expect((await rig.deploy(toml, { component: "a" })).steps).toEqual([]);
    expect((await rig.deploy(toml)).steps).toEqual([]);
    expect((await rig.client.listRevisions({ service: "shop" })).revisions).toHaveLength(1);
  });

  it("a folder that is no longer allowed is mounted by a rollback", async () => {
    const folder = await mkdtemp("/tmp/mcp-allowed-");
    await mkdir(`${folder}/data`);
    await using rig = await openHello({ allowedVolumes: [folder] });
    await rig.deploy(hello(2, `volumes = ["${folder}/data:/data"]`));
    await rig.deploy(hello(3));
    await rig.life.kill();
    await rig.boot({ allowedVolumes: ["/srv"] });
    const failed = await last(rig.client.rollback({ requestId: newRequestId(), service: "hello" }));
    expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "volume_not_allowed" });
    expect(images(rig)).toEqual(["localhost/hello:3"]);
    await rm(folder, { recursive: true });
  });

  it("slow pulls keep a crashed component of another service from being restarted", async () => {
    await using rig = await openHello({ intervalMs: 50 });
    rig.host.timeLimitMs = 60_000;
    rig.host.fail("pull", "hang", 20);
    const leaving = new AbortController();
    for (let n = 0; n < 12; n++) {
      rig.host.publish(`reg.example/slow:${n}`);
      const toml = definition(`slow${n}`, `name = "x"\nimage = "reg.example/slow:${n}"`);
      rig.client
        .deploy(
          { requestId: newRequestId(), definition: { toml, file: "s.toml" } },
          { signal: leaving.signal },
        )
        [Symbol.asyncIterator]()
        .next()
        .catch(() => {});
    }
    await until("pulls hang", () => rig.host.calls.some(({ call }) => call === "pull"));
    await ask(rig, "stop");
    expect(summary(await ask(rig, "start"))).toMatchObject({ state: "SUCCEEDED" });
    leaving.abort();
  });

  it("one instance that is gone hides the logs of all others", async () => {
    await using rig = await openRig({ intervalMs: 60_000 });
    rig.host.addImage("localhost/talker:1", { prints: [{ stream: "stdout", text: "hello" }] });
    const component = (name: string) => `name = "${name}"\nimage = "localhost/talker:1"\nrestart = "no"`;
    await rig.deploy(definition("talk", component("a"), component("b")));
    rig.host.vanish(rig.host.running[0] as string);
    const lines: string[] = [];
    for await (const batch of rig.client.logs({ service: "talk" }))
      lines.push(...batch.lines.map(({ text }) => text));
    expect(lines).toEqual(["hello"]);
  });

  it("a plan for a component that is not there is taken for a bug, or for no change", async () => {
    await using rig = await openHello();
    const plan = (toml: string) =>
      rig.client.plan({ component: "typo", what: { case: "deploy", value: { toml, file: "a.toml" } } });
    expect(await problemOf(plan(hello(1)))).toBe("component_not_found");
    expect(await problemOf(plan(hello(1).replace("hello", "other")))).toBe("component_not_found");
  });

  it("a restart that failed is tried again by itself", async () => {
    await using rig = await openHello({ intervalMs: 50 });
    rig.host.fail("stop", refused);
    expect(summary(await ask(rig, "restart"))).toMatchObject({ state: "FAILED" });
    const stops = () => rig.host.calls.filter(({ call }) => call === "stop").length;
    const before = stops();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(stops()).toBe(before);
  });

  it("a repair that fails is repeated without a pause", async () => {
    await using rig = await openHello({ intervalMs: 20 });
    const [name] = rig.host.running;
    await rig.life.registry.setInstance(name as string, { startedAtMs: 1 });
    rig.host.fail("start", refused, 1_000);
    rig.host.exit(name as string, 1);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(rig.host.calls.filter(({ call }) => call === "start").length).toBeLessThanOrEqual(3);
  });

  it("restarts before a stop and a start count against on-failure", async () => {
    await using rig = await openHello({ intervalMs: 50 });
    await rig.deploy(hello(1, 'restart = "on-failure:1"'));
    const [name] = rig.host.running as [string];
    await rig.life.registry.setInstance(name, { restarts: 1, startedAtMs: 1 });
    await ask(rig, "stop");
    await ask(rig, "start");
    expect((await rig.life.registry.instance(name))?.restarts).toBe(0);
  });

  it("an unknown revision is answered with nothing", async () => {
    await using rig = await openHello();
    expect(await problemOf(rig.client.getService({ service: "hello", revision: 99n }))).toBe(
      "revision_not_found",
    );
  });

  it("a rollback to the current revision makes another one", async () => {
    await using rig = await openHello();
    const back = await last(
      rig.client.rollback({ requestId: newRequestId(), service: "hello", revision: 1n }),
    );
    expect(summary(back)).toEqual({ state: "SUCCEEDED", steps: [] });
    expect((await rig.client.listRevisions({ service: "hello" })).revisions).toHaveLength(1);
  });

  it("a stop changes when a service was deployed", async () => {
    await using rig = await openHello();
    const deployedAt = async () => (await rig.client.listServices({})).services[0]?.deployedAt;
    const before = await deployedAt();
    await ask(rig, "stop");
    expect(await deployedAt()).toEqual(before);
  });

  it("a restart stops what it then cannot start", async () => {
    const folder = await mkdtemp("/tmp/mcp-restart-");
    await mkdir(`${folder}/data`);
    await using rig = await openHello({ allowedVolumes: [folder] });
    await rig.deploy(hello(2, `volumes = ["${folder}/data:/data"]`));
    const running = rig.host.running;
    await rm(`${folder}/data`, { recursive: true });
    expect(summary(await ask(rig, "restart"))).toMatchObject({ state: "FAILED", problem: "volume_missing" });
    expect(rig.host.running).toEqual(running);
    await rm(folder, { recursive: true });
  });

  it.each(["hello", ""])(
    "a reader of %j waits for two time limits of a runtime that is frozen",
    async (service) => {
      await using rig = await openHello();
      rig.host.timeLimitMs = 1_000;
      rig.host.fail("list", "hang", 100);
      const first = rig.client.status({ service });
      await new Promise((resolve) => setTimeout(resolve, 100));
      const beganMs = performance.now();
      const { services } = await rig.client.status({ service });
      expect(performance.now() - beganMs).toBeLessThan(1_600);
      expect(services[0]?.components[0]?.observed).toBe(ObservedState.UNKNOWN);
      await first;
    },
  );

  it("a doctor waits for a frozen runtime again and again", async () => {
    await using rig = await openHello();
    rig.host.timeLimitMs = 1_000;
    rig.host.fail("list", "hang", 100);
    const beganMs = performance.now();
    await rig.client.doctor({});
    expect(performance.now() - beganMs).toBeLessThan(1_600);
  });

  it("two equal plans differ, by names that are never used", async () => {
    await using rig = await openHello();
    const plan = () =>
      rig.client.plan({ what: { case: "deploy", value: { toml: hello(2), file: "a.toml" } } });
    const [one, other] = [await plan(), await plan()];
    expect(one).toEqual(other);
    const [old] = rig.host.running;
    expect(one.steps.map(({ action, instance }) => `${action} ${instance}`.trim())).toEqual([
      `stop ${old}`,
      "start hello.new",
      "stand hello.new",
      "accept",
      `remove ${old}`,
    ]);
    const done = await rig.deploy(hello(2));
    expect(done.steps.find(({ action }) => action === "start")?.instance).toMatch(/^hello\.\w{5}$/);
  });
});
