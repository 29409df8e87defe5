import { expect, it } from "vitest";
import { definition, last, newRequestId, openRig, type Rig, summary } from "./rig.ts";

/** A host port that a program of somebody else holds, found before anything was stopped for it. */

const web = (tag: number, ...ports: string[]) =>
  `name = "web"\nimage = "localhost/hello:${tag}"\nports = ${JSON.stringify(ports)}`;
const hello = (tag: number, ...ports: string[]) => definition("hello", web(tag, ...ports));

async function openHello(): Promise<Rig> {
  const rig = await openRig();
  for (const tag of [1, 2]) rig.host.addImage(`localhost/hello:${tag}`);
  await rig.deploy(hello(1, "8080:80"));
  return rig;
}

const plan = (rig: Rig, toml: string) =>
  rig.client.plan({ what: { case: "deploy", value: { toml, file: "a.toml" } } });
const touched = (rig: Rig) =>
  rig.host.calls.filter(({ call }) => ["start", "stop", "remove", "pull"].includes(call)).length;
const refused = { state: "FAILED", steps: [], problem: "port_taken" };

it("a port that another program holds refuses the deploy, with its name, and nothing is stopped or recorded", async () => {
  await using rig = await openHello();
  rig.programs.listen(8_081, { name: "nginx" });
  const before = { touched: touched(rig), running: rig.host.running };
  const failed = await rig.deploy(hello(2, "8080:80", "127.0.0.1:8081:81"));
  expect(summary(failed)).toEqual(refused);
  expect(failed.problem?.message).toBe(
    "host port 127.0.0.1:8081/tcp, wanted by hello/web, is held by nginx (pid 4711), which listens on 0.0.0.0:8081/tcp",
  );
  expect(failed.problem?.hint).toContain("ps -fp 4711");
  expect({ touched: touched(rig), running: rig.host.running }).toEqual(before);
  expect((await rig.client.listRevisions({ service: "hello" })).revisions).toHaveLength(1);
});

it("a plan says so, and which steps are meant all the same", async () => {
  await using rig = await openHello();
  rig.programs.listen(8_081);
  const { blocked, steps } = await plan(rig, hello(2, "8081:80"));
  expect(blocked).toEqual([
    "host port 8081/tcp, wanted by hello/web, is held by another program, which listens on 0.0.0.0:8081/tcp",
  ]);
  expect(steps.map(({ action }) => action)).toContain("start");
});

it("a program that ends in time is no trouble", async () => {
  await using rig = await openHello();
  setTimeout(rig.programs.listen(8_081), 100);
  expect(summary(await rig.deploy(hello(2, "8081:80")))).toMatchObject({ state: "SUCCEEDED" });
});

it("what instances of this service hold is theirs to give on", async () => {
  await using rig = await openHello();
  // What the kernel shows of the instance that runs.
  rig.programs.listen(8_080, { name: "conmon" });
  expect((await plan(rig, hello(2, "8080:80"))).blocked).toEqual([]);
  expect(summary(await rig.deploy(hello(2, "127.0.0.1:8080:80")))).toMatchObject({ state: "SUCCEEDED" });
  expect(summary(await rig.deploy(hello(2, "127.0.0.1:8080:80")))).toEqual({ state: "SUCCEEDED", steps: [] });
});

it("unless the instance has ended, and a program took its port", async () => {
  await using rig = await openHello();
  const stop = { requestId: newRequestId(), service: "hello" };
  await last(rig.client.stop(stop));
  rig.programs.listen(8_080, { name: "nginx" });
  expect(summary(await rig.deploy(hello(2, "8080:80")))).toEqual(refused);
  expect(summary(await rig.deploy(hello(1, "8080:80")))).toEqual(refused);
});

it("a port of another service is told as that", async () => {
  await using rig = await openHello();
  rig.programs.listen(8_080, { name: "conmon" });
  const other = definition("other", web(1, "8080:80"));
  expect((await rig.deploy(other)).problem?.message).toContain("already belongs to hello/web");
  const { blocked } = await plan(rig, other);
  expect(blocked).toHaveLength(1);
  expect(blocked[0]).toContain("already belongs to hello/web");
});

it("a rollback is refused too, before anything is stopped", async () => {
  await using rig = await openHello();
  await rig.deploy(hello(2, "8082:80"));
  rig.programs.listen(8_080, { name: "nginx" });
  const back = await last(rig.client.rollback({ requestId: newRequestId(), service: "hello", revision: 1n }));
  expect(summary(back)).toEqual(refused);
  expect(rig.host.running).toHaveLength(1);
});

it.each([
  ["another protocol", { protocol: "udp" }, "8081:80"],
  ["another address", { address: "127.0.0.2" }, "127.0.0.1:8081:80"],
])("%s hinders nobody", async (_, socket, port) => {
  await using rig = await openHello();
  rig.programs.listen(8_081, socket);
  expect(summary(await rig.deploy(hello(2, port)))).toMatchObject({ state: "SUCCEEDED" });
});

it.each([
  ["udp", { protocol: "udp" }, "8081:80/udp"],
  ["every address of IPv6", { address: "::" }, "[::1]:8081:80"],
  ["one address, where all are wanted", { address: "127.0.0.2" }, "8081:80"],
])("a program on %s is found", async (_, socket, port) => {
  await using rig = await openHello();
  rig.programs.listen(8_081, socket);
  expect(summary(await rig.deploy(hello(2, port)))).toEqual(refused);
});

it("a port that is not wanted, or of what is to be stopped, is not looked at", async () => {
  await using rig = await openHello();
  rig.programs.listen(8_081);
  const stopped = hello(2, "8081:80").replace('name = "hello"', 'name = "hello"\nactive = false');
  expect(summary(await rig.deploy(stopped))).toMatchObject({ state: "SUCCEEDED" });
});
