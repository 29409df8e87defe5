import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Problem } from "@mcp/base";
import { ObservedState } from "@mcp/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { definition, last, newRequestId, openRig, type Rig, refusalOf, summary, until } from "./rig.ts";

/** Health checks end to end, but for the workloads: the test itself answers on the ports that they publish. */

interface Page {
  readonly port: number;
  status: number;
  asked: number;
  server: Server;
}

const pages: Page[] = [];
afterEach(() => {
  for (const { server } of pages.splice(0)) server.close();
});

async function openPage(status: number): Promise<Page> {
  const page: Page = { port: 0, status, asked: 0, server: createServer() };
  page.server.on("request", (_, answer) => {
    page.asked++;
    answer.writeHead(page.status).end();
  });
  await new Promise<void>((resolve) => page.server.listen(0, "127.0.0.1", resolve));
  pages.push(page);
  return Object.assign(page, { port: (page.server.address() as AddressInfo).port });
}

let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
  for (const tag of [1, 2]) rig.host.addImage(`localhost/hello:${tag}`);
  return () => rig[Symbol.asyncDispose]();
});

const checked = (page: Page, health = "", tag = 1, name = "db", more = "") =>
  `name = "${name}"\nimage = "localhost/hello:${tag}"\nports = ["127.0.0.1:${page.port}:8080"]\nstart_period = "0s"\n` +
  `health = { http = "/", interval = "100ms", timeout = "1s", start_period = "20s", ${health} }\n${more}`;
const dependent = (tag = 1) => `name = "web"\nimage = "localhost/hello:${tag}"\ndepends_on = ["db"]`;

const component = async (name: string) => {
  const { services } = await rig.client.status({ service: "shop" });
  const found = services[0]?.components.find((each) => each.name === name);
  return found && { ...found, is: ObservedState[found.observed] };
};
const running = () => rig.host.running.map((name) => name.replace(/\..*/, "")).sort();
const starts = () => rig.host.calls.filter(({ call }) => call === "start").map(({ subject }) => subject);

describe("a deploy", () => {
  it("waits until what it started is healthy, and no longer", async () => {
    const page = await openPage(503);
    const deploying = rig.deploy(definition("shop", checked(page)));
    await until("it was asked three times", () => page.asked >= 3);
    expect((await component("db"))?.is).toBe("STARTING");
    expect((await component("db"))?.health).toMatchObject({ state: "starting", text: "GET / answered 503" });
    page.status = 200;
    expect(summary(await deploying)).toEqual({ state: "SUCCEEDED", steps: ["start", "stand", "accept"] });
    expect(await component("db")).toMatchObject({
      is: "RUNNING",
      health: { state: "healthy", text: "GET / answered 200" },
    });
  });

  it("goes back to the old version as soon as the new one is unhealthy, and says what its check met", async () => {
    const page = await openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    const before = rig.host.running;
    const quick = `start_period = "0s", retries = 2`;
    page.status = 500;
    const deploying = rig.deploy(
      definition("shop", checked(page, "", 2).replace('start_period = "20s", ', `${quick}, `)),
    );
    await until("the old one is stopped", () => !rig.host.running.includes(before[0] ?? ""));
    const failed = await deploying;
    expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "unhealthy" });
    expect(failed.problem?.message).toMatch(/^shop-db\.\w+ is unhealthy: GET \/ answered 500$/);
    expect(rig.host.running).toEqual(before);
  });

  it("brings the old version back in any case, also one that is no longer healthy", async () => {
    const page = await openPage(200);
    const quick = (tag: number) =>
      definition("shop", checked(page, "retries = 1", tag).replace('"20s"', '"0s"'), dependent());
    await rig.deploy(quick(1));
    const before = rig.host.running;
    page.status = 500;
    const failed = await rig.deploy(quick(2));
    expect(summary(failed)).toMatchObject({ state: "FAILED", problem: "unhealthy" });
    expect(rig.host.running).toEqual(before);
    expect((await rig.client.status({ service: "shop" })).services[0]?.service?.candidateRevision).toBe(0n);
  });

  it("fails when what it started ends before it is healthy", async () => {
    const page = await openPage(503);
    const deploying = rig.deploy(definition("shop", checked(page)));
    await until("it was asked", () => page.asked > 0);
    rig.host.exit(rig.host.running[0] ?? "", 3);
    const failed = await deploying;
    expect(failed.problem).toMatchObject({ code: "exited_early" });
    expect(failed.problem?.message).toContain("exited with code 3 before it was healthy");
  });

  it("starts what depends on it only then", async () => {
    const page = await openPage(503);
    const deploying = rig.deploy(definition("shop", checked(page), dependent()));
    await until("it was asked three times", () => page.asked >= 3);
    expect(running()).toEqual(["shop-db"]);
    page.status = 200;
    expect(summary(await deploying)).toMatchObject({ state: "SUCCEEDED" });
    expect(running()).toEqual(["shop-db", "shop-web"]);
  });

  it("stops the old one only once the new one is healthy, with start-first", async () => {
    const [old, next] = [await openPage(200), await openPage(503)];
    const first = 'update = "start-first"';
    await rig.deploy(definition("shop", checked(old, "", 1, "db", first)));
    const before = rig.host.running[0] ?? "";
    const deploying = rig.deploy(definition("shop", checked(next, "", 2, "db", first)));
    await until("the new one was asked", () => next.asked >= 2);
    expect(rig.host.running).toContain(before);
    expect(rig.host.running).toHaveLength(2);
    next.status = 200;
    expect(summary(await deploying)).toMatchObject({ state: "SUCCEEDED" });
    expect(rig.host.running).toHaveLength(1);
    expect(rig.host.running).not.toContain(before);
  });

  it("of another check changes nothing that runs", async () => {
    const page = await openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    const before = rig.host.running;
    const changed = await rig.deploy(definition("shop", checked(page, "retries = 7")));
    expect(summary(changed)).toEqual({ state: "SUCCEEDED", steps: ["accept"] });
    expect(rig.host.running).toEqual(before);
  });

  it("is refused where its check could never pass, before anything is stopped", async () => {
    const page = await openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    const refused = await refusalOf(rig.deploy(definition("shop", checked(page, "port = 9090"))));
    expect(refused).toMatchObject({
      code: "health_unreachable",
      message: "the health check of db (health.port) asks port 9090, which this node cannot reach",
    });
    expect(refused.hint).toContain('ports = ["127.0.0.1:9090:9090"]');
    expect(rig.host.running).toHaveLength(1);
  });
});

describe("an exec check", () => {
  it("is run inside, and its exit code counts", async () => {
    const asked: string[] = [];
    let exitCode = 1;
    rig.host.onExec = (name, argv) => {
      asked.push(`${name.replace(/\..*/, "")} ${argv.join(" ")}`);
      return { exitCode, output: "no connection\n" };
    };
    const deploying = rig.deploy(
      definition(
        "shop",
        'name = "db"\nimage = "localhost/hello:1"\nhealth = { exec = ["pg_isready", "-q"], start_period = "20s" }',
      ),
    );
    await until("it was asked twice", () => asked.length >= 2);
    expect((await component("db"))?.health?.text).toBe("pg_isready exited with code 1: no connection");
    exitCode = 0;
    expect(summary(await deploying)).toMatchObject({ state: "SUCCEEDED" });
    expect(asked[0]).toBe("shop-db pg_isready -q");
  });
});

describe("what runs", () => {
  const restartable = `restart = true, retries = 2`;

  it("is unhealthy while its checks fail, and well again with one that passes", async () => {
    const page = await openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    const before = rig.host.running;
    page.status = 500;
    await until("it is unhealthy", async () => (await component("db"))?.is === "UNHEALTHY");
    expect((await component("db"))?.drift).toMatchObject([
      { kind: "unhealthy", text: "it is unhealthy: GET / answered 500" },
    ]);
    page.status = 200;
    await until("it is well", async () => (await component("db"))?.is === "RUNNING");
    expect(rig.host.running).toEqual(before);
    const observed = async () => {
      const { events } = await rig.client.listEvents({ service: "shop" });
      return events.filter(({ kind }) => kind === "observed").map(({ text }) => text);
    };
    await until("both are told", async () => (await observed()).length === 2);
    expect(await observed()).toEqual([
      `${before[0]}: it is unhealthy: GET / answered 500`,
      `${before[0]} is running`,
    ]);
  });

  it("is told once to be unhealthy, whatever its checks meet meanwhile", async () => {
    await rig.life.kill();
    await rig.boot({ intervalMs: 20 });
    const page = await openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    const met = async (status: number) => {
      page.status = status;
      const text = `GET / answered ${status}`;
      await until(text, async () => {
        const { observed, health } = (await component("db")) ?? {};
        return observed === ObservedState.UNHEALTHY && health?.text === text;
      });
      // Looked at again, more than once.
      const { length } = rig.host.calls;
      const lists = () => rig.host.calls.slice(length).filter(({ call }) => call === "list").length;
      await until("it was looked at", () => lists() > 3);
    };
    for (const status of [500, 501, 502]) await met(status);
    const { events } = await rig.client.listEvents({ service: "shop" });
    expect(events.filter(({ text }) => text.includes("unhealthy"))).toHaveLength(1);
  });

  it("is restarted when it is unhealthy, where the definition says so, and that counts as a restart", async () => {
    const page = await openPage(200);
    await rig.deploy(definition("shop", checked(page, restartable)));
    const [instance = ""] = rig.host.running;
    page.status = 500;
    await until("it was started again", () => starts().length === 2);
    page.status = 200;
    await until("it is well", async () => (await component("db"))?.health?.state === "healthy");
    expect(await component("db")).toMatchObject({ is: "RUNNING", instance, restarts: 1 });
  });

  it("is started again also if that fails after its stop, though it ended without a failure", async () => {
    const page = await openPage(200);
    await rig.deploy(definition("shop", checked(page, restartable, 1, "db", 'restart = "on-failure"')));
    const [instance = ""] = rig.host.running;
    rig.host.fail("start", new Problem("runtime_failed", "podman is out of sorts", "try again"));
    page.status = 500;
    await until("it was tried", () => starts().length === 2);
    page.status = 200;
    await until("it runs again", () => rig.host.running.includes(instance));
    await until("it is well", async () => (await component("db"))?.health?.state === "healthy");
    const record = await rig.life.registry.service("shop");
    expect(record?.components[0]?.restartBeforeMs ?? 0).toBe(0);
  });

  it("keeps what depends on it down until it is healthy, and nothing else", async () => {
    const page = await openPage(200);
    const other = 'name = "other"\nimage = "localhost/hello:1"';
    await rig.deploy(definition("shop", checked(page), dependent(), other));
    page.status = 500;
    await until("it is unhealthy", async () => (await component("db"))?.is === "UNHEALTHY");
    for (const name of rig.host.running.filter((one) => !one.startsWith("shop-db"))) rig.host.exit(name, 1);
    await until("the other one runs again", () => running().includes("shop-other"));
    expect(running()).toEqual(["shop-db", "shop-other"]);
    page.status = 200;
    await until("its dependent runs again", () => running().includes("shop-web"));
  });

  it("counts as running after a restart of the agent, until its checks say otherwise", async () => {
    const page = await openPage(200);
    const early = (toml: string) => toml.replace('start_period = "20s"', 'start_period = "0s"');
    await rig.deploy(early(definition("shop", checked(page, "retries = 3"))));
    await rig.life.kill();
    page.status = 500;
    page.asked = 0;
    await rig.boot();
    expect((await component("db"))?.is).toBe("RUNNING");
    await until("it is unhealthy", async () => {
      const { is } = (await component("db")) ?? {};
      expect(is).not.toBe("STARTING");
      return is === "UNHEALTHY";
    });
    expect(page.asked).toBeGreaterThanOrEqual(3);
  });

  it("is not asked any more once it is stopped", async () => {
    const page = await openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    await last(rig.client.stop({ requestId: newRequestId(), service: "shop" }));
    const { asked } = page;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(page.asked).toBe(asked);
  });
});

it("what came back up after the node did waits for what it depends on", async () => {
  const page = await openPage(200);
  await rig.deploy(definition("shop", checked(page), dependent()));
  await rig.life.kill();
  rig.host.reboot();
  page.status = 503;
  page.asked = 0;
  await rig.boot();
  await until("the first one was asked", () => page.asked >= 2);
  expect(running()).toEqual(["shop-db"]);
  page.status = 200;
  await until("both run", () => running().length === 2);
});
