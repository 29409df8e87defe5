import { Problem } from "@mcp/base";
import { ObservedState } from "@mcp/proto";
import { beforeEach, describe, expect, it } from "vitest";
import { checked, dependent, type HealthRig, openHealthRig } from "./health-rig.ts";
import { definition, last, newRequestId, until } from "./rig.ts";

let rig: HealthRig;
beforeEach(async () => {
  rig = await openHealthRig();
  return () => rig[Symbol.asyncDispose]();
});

describe("what runs", () => {
  const restartable = `restart = true, retries = 2`;

  it("is unhealthy while its checks fail, and well again with one that passes", async () => {
    const page = await rig.openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    const before = rig.host.running;
    page.status = 500;
    await until("it is unhealthy", async () => (await rig.component("db"))?.is === "UNHEALTHY");
    expect((await rig.component("db"))?.drift).toMatchObject([
      { kind: "unhealthy", text: "it is unhealthy: GET / answered 500" },
    ]);
    page.status = 200;
    await until("it is well", async () => (await rig.component("db"))?.is === "RUNNING");
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
    const page = await rig.openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    const met = async (status: number) => {
      page.status = status;
      const text = `GET / answered ${status}`;
      await until(text, async () => {
        const { observed, health } = (await rig.component("db")) ?? {};
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
    const page = await rig.openPage(200);
    await rig.deploy(definition("shop", checked(page, restartable)));
    const [instance = ""] = rig.host.running;
    page.status = 500;
    await until("it was started again", () => rig.starts().length === 2);
    page.status = 200;
    await until("it is well", async () => (await rig.component("db"))?.health?.state === "healthy");
    expect(await rig.component("db")).toMatchObject({ is: "RUNNING", instance, restarts: 1 });
  });

  it("is started again also if that fails after its stop, though it ended without a failure", async () => {
    const page = await rig.openPage(200);
    await rig.deploy(definition("shop", checked(page, restartable, 1, "db", 'restart = "on-failure"')));
    const [instance = ""] = rig.host.running;
    rig.host.fail("start", new Problem("runtime_failed", "podman is out of sorts", "try again"));
    page.status = 500;
    await until("it was tried", () => rig.starts().length === 2);
    page.status = 200;
    await until("it runs again", () => rig.host.running.includes(instance));
    await until("it is well", async () => (await rig.component("db"))?.health?.state === "healthy");
    const record = await rig.life.registry.service("shop");
    expect(record?.components[0]?.restartBeforeMs ?? 0).toBe(0);
  });

  it("keeps what depends on it down until it is healthy, and nothing else", async () => {
    const page = await rig.openPage(200);
    const other = 'name = "other"\nimage = "localhost/hello:1"';
    await rig.deploy(definition("shop", checked(page), dependent(), other));
    page.status = 500;
    await until("it is unhealthy", async () => (await rig.component("db"))?.is === "UNHEALTHY");
    for (const name of rig.host.running.filter((one) => !one.startsWith("shop-db"))) rig.host.exit(name, 1);
    await until("the other one runs again", () => rig.running().includes("shop-other"));
    expect(rig.running()).toEqual(["shop-db", "shop-other"]);
    page.status = 200;
    await until("its dependent runs again", () => rig.running().includes("shop-web"));
  });

  it("counts as running after a restart of the agent, until its checks say otherwise", async () => {
    const page = await rig.openPage(200);
    const early = (toml: string) => toml.replace('start_period = "20s"', 'start_period = "0s"');
    await rig.deploy(early(definition("shop", checked(page, "retries = 3"))));
    await rig.life.kill();
    page.status = 500;
    page.asked = 0;
    await rig.boot();
    expect((await rig.component("db"))?.is).toBe("RUNNING");
    await until("it is unhealthy", async () => {
      const { is } = (await rig.component("db")) ?? {};
      expect(is).not.toBe("STARTING");
      return is === "UNHEALTHY";
    });
    expect(page.asked).toBeGreaterThanOrEqual(3);
  });

  it("is not asked any more once it is stopped", async () => {
    const page = await rig.openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    await last(rig.client.stop({ requestId: newRequestId(), service: "shop" }));
    const { asked } = page;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(page.asked).toBe(asked);
  });
});

it("what came back up after the node did waits for what it depends on", async () => {
  const page = await rig.openPage(200);
  await rig.deploy(definition("shop", checked(page), dependent()));
  await rig.life.kill();
  rig.host.reboot();
  page.status = 503;
  page.asked = 0;
  await rig.boot();
  await until("the first one was asked", () => page.asked >= 2);
  expect(rig.running()).toEqual(["shop-db"]);
  page.status = 200;
  await until("both run", () => rig.running().length === 2);
});
