import { mkdir, mkdtemp, rm, symlink, unlink } from "node:fs/promises";
import { ConnectError } from "@connectrpc/connect";
import { ObservedState, ProblemDetailSchema } from "@mcp/proto";
import type { WorkloadSpec } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { definition, last, newRequestId, openRig, summary, until } from "./rig.ts";

const web = (image: string, more = "") => `name = "web"\nimage = "${image}"\n${more}`;

describe("a deploy", () => {
  it("starts what a definition describes, and says so", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    const operation = await rig.deploy(definition("hello", web("localhost/hello:1")));
    expect(summary(operation)).toEqual({ state: "SUCCEEDED", steps: ["start", "stand", "accept"] });
    expect(rig.host.running).toHaveLength(1);
    const { services } = await rig.client.status({});
    expect(services[0]?.components[0]).toMatchObject({
      name: "web",
      observed: ObservedState.RUNNING,
      drift: [],
    });
  });

  it("changes nothing when nothing has changed", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    const toml = definition("hello", web("localhost/hello:1"));
    await rig.deploy(toml);
    const before = rig.host.running;
    expect(summary(await rig.deploy(toml))).toEqual({ state: "SUCCEEDED", steps: [] });
    expect(rig.host.running).toEqual(before);
    const { revisions } = await rig.client.listRevisions({ service: "hello" });
    expect(revisions.map(({ number }) => number)).toEqual([1n]);
  });

  it("pulls what is missing first, and replaces an instance whose image changed", async () => {
    await using rig = await openRig();
    rig.host.addImage("reg.example/hello:1");
    rig.host.publish("reg.example/hello:2");
    await rig.deploy(definition("hello", web("reg.example/hello:1")));
    const [old] = rig.host.running;
    const operation = await rig.deploy(definition("hello", web("reg.example/hello:2")));
    expect(summary(operation)).toEqual({
      state: "SUCCEEDED",
      steps: ["pull", "stop", "start", "stand", "accept", "remove"],
    });
    expect(rig.host.running).toHaveLength(1);
    expect(rig.host.workloads.map(({ name }) => name)).not.toContain(old);
  });

  it("sees that a tag has new content", async () => {
    await using rig = await openRig();
    rig.host.addImage("reg.example/hello:1");
    const toml = definition("hello", web("reg.example/hello:1"));
    await rig.deploy(toml);
    rig.host.publish("reg.example/hello:1", { lastWords: "new content" });
    const plan = await rig.client.plan({ what: { case: "deploy", value: { toml, file: "a.toml" } } });
    expect(plan.steps.map(({ action }) => action)).toContain("pull");
    expect(summary(await rig.deploy(toml)).steps).toContain("pull");
  });

  it("that fails leaves the old version running, and shows the last log lines", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    rig.host.addImage("localhost/hello:2", {
      prints: [{ stream: "stderr", text: "no such table" }],
      exitsAfterMs: 20,
      exitCode: 3,
    });
    await rig.deploy(definition("hello", web("localhost/hello:1")));
    const before = rig.host.running;
    const failed = await rig.deploy(definition("hello", web("localhost/hello:2", 'start_period = "2s"')));
    expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "exited_early" });
    expect(failed.lastLogLines).toEqual(["no such table"]);
    expect(rig.host.running).toEqual(before);
    expect(rig.host.workloads).toHaveLength(1);
    const { services } = await rig.client.listServices({});
    expect(services[0]).toMatchObject({ revision: 1n, candidateRevision: 0n });
  });

  it("whose first version fails leaves nothing behind", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1", { failsToStart: "exec format error" });
    const failed = await rig.deploy(definition("hello", web("localhost/hello:1")));
    expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "start_failed" });
    expect(rig.host.workloads).toEqual([]);
    expect((await rig.client.listServices({})).services).toEqual([]);
  });

  it("of one component leaves the others as they are", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/a:1");
    rig.host.addImage("localhost/a:2");
    const both = (tag: number) =>
      definition(
        "shop",
        `name = "a"\nimage = "localhost/a:${tag}"`,
        `name = "b"\nimage = "localhost/a:${tag}"`,
      );
    await rig.deploy(both(1));
    await rig.deploy(both(2), { component: "a" });
    const images = rig.host.workloads.map(({ labels, imageReference }) => [labels.component, imageReference]);
    expect(images.sort()).toEqual([
      ["a", "localhost/a:2"],
      ["b", "localhost/a:1"],
    ]);
  });

  it("follows a volume whose link leads elsewhere by now", async () => {
    await using rig = await openRig({ allowedVolumes: ["/tmp"] });
    const folder = await mkdtemp("/tmp/mcp-volume-");
    rig.host.addImage("localhost/hello:1");
    const toml = definition("hello", web("localhost/hello:1", `volumes = ["${folder}/link:/data"]`));
    await mkdir(`${folder}/one`);
    await mkdir(`${folder}/two`);
    await symlink(`${folder}/one`, `${folder}/link`);
    await rig.deploy(toml);
    await unlink(`${folder}/link`);
    await symlink(`${folder}/two`, `${folder}/link`);
    expect(summary(await rig.deploy(toml)).steps).toContain("start");
    const [instance] = (await rig.life.registry.service("hello"))?.instances ?? [];
    expect((instance?.spec as WorkloadSpec | undefined)?.volumes[0]?.host).toBe(`${folder}/two`);
    await rm(folder, { recursive: true });
  });

  it("asked for twice with one request id is one operation", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    const requestId = newRequestId();
    const toml = definition("hello", web("localhost/hello:1"));
    const [one, two] = await Promise.all([rig.deploy(toml, { requestId }), rig.deploy(toml, { requestId })]);
    expect(one.id).toBe(two.id);
    expect(rig.host.calls.filter(({ call }) => call === "start")).toHaveLength(1);
  });

  it("goes on when its client goes away, and can be attached to again", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    const requestId = newRequestId();
    const leaving = new AbortController();
    const toml = definition("hello", web("localhost/hello:1", 'start_period = "150ms"'));
    const stream = rig.client.deploy(
      { requestId, definition: { toml, file: "a.toml" } },
      { signal: leaving.signal },
    );
    for await (const _ of stream) {
      leaving.abort();
      break;
    }
    const operation = await last(rig.client.watchOperation({ id: requestId }));
    expect(summary(operation)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is refused at once when the definition is bad, with every mistake", async () => {
    await using rig = await openRig();
    const failure = await rig
      .deploy('name = "UP"\n[[components]]\nimge = "x"')
      .catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(ConnectError);
    const [detail] = (failure as ConnectError).findDetails(ProblemDetailSchema);
    expect(detail).toMatchObject({ code: "definition_invalid" });
    expect(detail?.mistakes.length).toBeGreaterThan(1);
    expect((await rig.client.listOperations({})).operations).toEqual([]);
  });
});

describe("what was deployed", () => {
  it("stops, stays stopped, and starts as the same instance", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    await rig.deploy(definition("hello", web("localhost/hello:1")));
    const before = rig.host.running;
    await last(rig.client.stop({ requestId: newRequestId(), service: "hello" }));
    expect(rig.host.running).toEqual([]);
    await last(rig.client.start({ requestId: newRequestId(), service: "hello" }));
    expect(rig.host.running).toEqual(before);
  });

  it("restarts once per request", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    await rig.deploy(definition("hello", web("localhost/hello:1")));
    const restarted = await last(rig.client.restart({ requestId: newRequestId(), service: "hello" }));
    expect(summary(restarted)).toEqual({ state: "SUCCEEDED", steps: ["stop", "start", "stand"] });
  });

  it("rolls back to the revision before, and forth again", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    rig.host.addImage("localhost/hello:2");
    await rig.deploy(definition("hello", web("localhost/hello:1")));
    await rig.deploy(definition("hello", web("localhost/hello:2")));
    await last(rig.client.rollback({ requestId: newRequestId(), service: "hello" }));
    expect(rig.host.workloads.map(({ imageReference }) => imageReference)).toEqual(["localhost/hello:1"]);
    await last(rig.client.rollback({ requestId: newRequestId(), service: "hello" }));
    expect(rig.host.workloads.map(({ imageReference }) => imageReference)).toEqual(["localhost/hello:2"]);
  });

  it("is undeployed without a trace, but its history stays", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    await rig.deploy(definition("hello", web("localhost/hello:1")));
    const gone = await last(rig.client.undeploy({ requestId: newRequestId(), service: "hello" }));
    expect(summary(gone)).toEqual({ state: "SUCCEEDED", steps: ["stop", "remove", "forget"] });
    expect(rig.host.workloads).toEqual([]);
    expect((await rig.client.listServices({})).services).toEqual([]);
    expect((await rig.client.listRevisions({ service: "hello" })).revisions).toHaveLength(1);
  });

  it("is started again when it dies by itself, and a watcher hears of both", async () => {
    await using rig = await openRig({ intervalMs: 200 });
    rig.host.addImage("localhost/hello:1");
    const heard: string[] = [];
    const leaving = new AbortController();
    const watching = (async () => {
      for await (const { event } of rig.client.watchEvents({ service: "hello" }, { signal: leaving.signal }))
        heard.push(event?.kind ?? "");
    })().catch(() => {});
    await rig.deploy(definition("hello", web("localhost/hello:1")));
    const [name] = rig.host.running;
    rig.host.exit(name as string, 137, "signal");
    await until("the watcher heard that it exited", () => heard.includes("observed"));
    await until("it runs again", () => rig.host.running.length === 1);
    leaving.abort();
    await watching;
    const { services } = await rig.client.status({});
    expect(services[0]?.components[0]?.restarts).toBe(1);
  }, 30_000);
});
