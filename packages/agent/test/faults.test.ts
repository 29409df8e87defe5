import { ConnectError } from "@connectrpc/connect";
import { Problem } from "@mcp/base";
import { DesiredState, ObservedState, ProblemDetailSchema } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { definition, last, newRequestId, openRig, type Rig, refusalOf, summary, until } from "./rig.ts";

const hello = (tag: number) => definition("hello", `name = "hello"\nimage = "localhost/hello:${tag}"`);
const refused = new Problem("runtime_failed", "podman says no", "ask podman");

async function openHello(): Promise<Rig> {
  const rig = await openRig();
  rig.host.addImage("localhost/hello:1");
  rig.host.addImage("localhost/hello:2");
  await rig.deploy(hello(1));
  return rig;
}

const status = async (rig: Rig) => (await rig.client.status({ service: "hello" })).services[0];
const touched = (rig: Rig, since: number) =>
  rig.host.calls.slice(since).filter(({ call }) => ["start", "stop", "remove"].includes(call));

describe("a runtime that cannot be believed", () => {
  it("which hangs makes everything unknown, and nothing is done", async () => {
    await using rig = await openHello();
    rig.host.timeLimitMs = 50;
    rig.host.fail("list", "hang", 100);
    const since = rig.host.calls.length;
    const failed = await rig.deploy(hello(2));
    expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "observation_unknown" });
    expect((await status(rig))?.components[0]?.observed).toBe(ObservedState.UNKNOWN);
    expect(touched(rig, since)).toEqual([]);
    rig.host.clearFaults();
    expect(summary(await rig.deploy(hello(2)))).toMatchObject({ state: "SUCCEEDED" });
    expect(rig.host.workloads).toHaveLength(1);
  });

  it("which lists nothing, while it still knows each by name, changes nothing", async () => {
    await using rig = await openHello();
    rig.host.listIsEmpty = true;
    const since = rig.host.calls.length;
    expect(summary(await rig.deploy(hello(1)))).toEqual({ state: "SUCCEEDED", steps: [] });
    expect((await status(rig))?.components[0]?.observed).toBe(ObservedState.RUNNING);
    expect(touched(rig, since)).toEqual([]);
  });

  it("which shows another store is not believed, until the old one is back", async () => {
    await using rig = await openHello();
    const own = rig.host.store;
    rig.host.store = "/another/store";
    const since = rig.host.calls.length;
    const component = (await status(rig))?.components[0];
    expect(component?.observed).toBe(ObservedState.UNKNOWN);
    expect(component?.drift[0]?.text).toContain("/another/store");
    expect(await refusalOf(rig.deploy(hello(2)))).toMatchObject({ code: "store_changed" });
    expect(touched(rig, since)).toEqual([]);
    rig.host.store = own;
    await until(
      "it is known again",
      async () => (await status(rig))?.components[0]?.observed === ObservedState.RUNNING,
    );
  });

  it("which refuses to start the new one leaves the old one running", async () => {
    await using rig = await openHello();
    const before = rig.host.running;
    rig.host.fail("start", refused);
    const failed = await rig.deploy(hello(2));
    expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "runtime_failed" });
    expect(failed.problem?.message).toBe("podman says no");
    expect(rig.host.running).toEqual(before);
    expect(rig.host.workloads).toHaveLength(1);
  });

  it("whose answer is lost after the work was done is asked again, and nothing is done twice", async () => {
    await using rig = await openHello();
    rig.host.fail("start", refused, 1, "after");
    expect(summary(await rig.deploy(hello(2)))).toMatchObject({ state: "FAILED" });
    expect(rig.host.workloads.map(({ imageReference }) => imageReference)).toEqual(["localhost/hello:1"]);
    expect(rig.host.violations).toEqual([]);
  });

  it("which cannot even undo is said so, and what ran comes back when it can", async () => {
    await using rig = await openRig({ intervalMs: 100 });
    rig.host.addImage("localhost/hello:1");
    rig.host.addImage("localhost/hello:2");
    await rig.deploy(hello(1));
    rig.host.fail("start", refused, 2);
    expect(summary(await rig.deploy(hello(2)))).toMatchObject({ state: "FAILED", problem: "runtime_failed" });
    await until(
      "the old one runs again",
      () => rig.host.running.length === 1 && rig.host.workloads.length === 1,
    );
    await until(
      "the candidate is forgotten",
      async () => (await status(rig))?.service?.candidateRevision === 0n,
    );
    expect(rig.host.workloads[0]?.imageReference).toBe("localhost/hello:1");
  });

  it("says why where the registry of images cannot be reached, and uses what is on this node", async () => {
    await using rig = await openRig();
    rig.host.addImage("reg.example/hello:1");
    rig.host.registryIsDown = true;
    const operation = await rig.deploy(definition("hello", `name = "hello"\nimage = "reg.example/hello:1"`));
    expect(summary(operation)).toMatchObject({ state: "SUCCEEDED" });
    expect(operation.notes.join()).toMatch(/reach/);
  });
});

describe("what is missing", () => {
  it("is made again, once its runtime says by name that it is gone", async () => {
    await using rig = await openRig({ intervalMs: 50 });
    rig.host.addImage("localhost/hello:1");
    await rig.deploy(hello(1));
    rig.host.vanish(rig.host.running[0] as string);
    await until("it runs again", () => rig.host.running.length === 1);
  });

  it("stays gone when the service was stopped", async () => {
    await using rig = await openRig({ intervalMs: 50 });
    rig.host.addImage("localhost/hello:1");
    await rig.deploy(hello(1));
    await last(rig.client.stop({ requestId: newRequestId(), service: "hello" }));
    rig.host.vanish(rig.host.workloads[0]?.name as string);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(rig.host.workloads).toEqual([]);
    expect((await status(rig))?.service?.desired).toBe(DesiredState.STOPPED);
  });

  it("comes back after a reboot", async () => {
    await using rig = await openHello();
    await rig.life.kill();
    rig.host.reboot();
    await rig.boot();
    await until("it runs again", () => rig.host.running.length === 1);
    expect(rig.host.workloads).toHaveLength(1);
  }, 20_000);
});

describe("many at once", () => {
  it("two deploys of one service take turns, and the later one stands", async () => {
    await using rig = await openHello();
    const [one, two] = await Promise.all([rig.deploy(hello(2)), rig.deploy(hello(1))]);
    expect([summary(one).state, summary(two).state]).toEqual(["SUCCEEDED", "SUCCEEDED"]);
    // Asked at the same time, either may be the later one: the one whose revision is current.
    const later = one.revision > two.revision ? 2 : 1;
    expect(rig.host.workloads.map(({ imageReference }) => imageReference)).toEqual([
      `localhost/hello:${later}`,
    ]);
    expect(rig.host.mostAtOnce("hello/hello")).toBe(1);
  });

  it("a hundred services are deployed side by side", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    rig.host.latencyMs = 5;
    const operations = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        rig.deploy(
          definition(`s${n}`, `name = "web"\nimage = "localhost/hello:1"\nports = ["${20_000 + n}:80"]`),
        ),
      ),
    );
    expect(new Set(operations.map((operation) => summary(operation).state))).toEqual(new Set(["SUCCEEDED"]));
    expect(rig.host.running).toHaveLength(100);
    expect(rig.host.violations).toEqual([]);
  });

  it("a host port and a known name belong to one service", async () => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    const on = (service: string, component: string, port: number) =>
      rig.deploy(
        definition(service, `name = "${component}"\nimage = "localhost/hello:1"\nports = ["${port}:80"]`),
      );
    await on("a-b", "c", 8_001);
    expect(summary(await on("a", "b-c", 8_002))).toMatchObject({ state: "FAILED", problem: "name_taken" });
    expect(summary(await on("other", "web", 8_001))).toMatchObject({
      state: "FAILED",
      problem: "port_taken",
    });
    expect(rig.host.running).toHaveLength(1);
    expect((await rig.client.listServices({})).services).toHaveLength(1);
  });
});

describe("a definition that this node cannot run", () => {
  const problemOf = async (promise: Promise<unknown>): Promise<string | undefined> => {
    const thrown = await promise.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    return ConnectError.from(thrown).findDetails(ProblemDetailSchema)[0]?.code;
  };

  it.each([
    ["a volume outside the allowed folders", 'volumes = ["/etc:/etc"]', "volume_not_allowed"],
    ["a runtime that is not there", 'runtime = "microvm"\nmemory = 128', "runtime_unsupported"],
    ["routes", '[[components.routes]]\nname = "web"\nport = 443\nmode = "l7"', "not_yet_supported"],
    ["secrets", 'env_from = ["secret:KEY"]', "not_yet_supported"],
  ])("is refused at once: %s", async (_, more, code) => {
    await using rig = await openRig();
    rig.host.addImage("localhost/hello:1");
    const toml = `name = "hello"\n[[components]]\nname = "hello"\nimage = "localhost/hello:1"\n${more}\n`;
    expect(await problemOf(rig.deploy(toml))).toBe(code);
    expect((await rig.client.listOperations({})).operations).toEqual([]);
  });

  it("is refused when it is meant for another node", async () => {
    await using rig = await openRig();
    expect(await problemOf(rig.deploy(`node = "elsewhere"\n${hello(1)}`))).toBe("wrong_node");
  });
});
