import { beforeEach, describe, expect, it } from "vitest";
import { checked, dependent, type HealthRig, openHealthRig } from "./health-rig.ts";
import { definition, refusalOf, summary, until } from "./rig.ts";

let rig: HealthRig;
beforeEach(async () => {
  rig = await openHealthRig();
  return () => rig[Symbol.asyncDispose]();
});

describe("a deploy", () => {
  it("waits until what it started is healthy, and no longer", async () => {
    const page = await rig.openPage(503);
    const deploying = rig.deploy(definition("shop", checked(page)));
    await until("it was asked three times", () => page.asked >= 3);
    expect((await rig.component("db"))?.is).toBe("STARTING");
    expect((await rig.component("db"))?.health).toMatchObject({
      state: "starting",
      text: "GET / answered 503",
    });
    page.status = 200;
    expect(summary(await deploying)).toEqual({ state: "SUCCEEDED", steps: ["start", "stand", "accept"] });
    expect(await rig.component("db")).toMatchObject({
      is: "RUNNING",
      health: { state: "healthy", text: "GET / answered 200" },
    });
  });

  it("goes back to the old version as soon as the new one is unhealthy, and says what its check met", async () => {
    const page = await rig.openPage(200);
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
    const page = await rig.openPage(200);
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
    const page = await rig.openPage(503);
    const deploying = rig.deploy(definition("shop", checked(page)));
    await until("it was asked", () => page.asked > 0);
    rig.host.exit(rig.host.running[0] ?? "", 3);
    const failed = await deploying;
    expect(failed.problem).toMatchObject({ code: "exited_early" });
    expect(failed.problem?.message).toContain("exited with code 3 before it was healthy");
  });

  it("starts what depends on it only then", async () => {
    const page = await rig.openPage(503);
    const deploying = rig.deploy(definition("shop", checked(page), dependent()));
    await until("it was asked three times", () => page.asked >= 3);
    expect(rig.running()).toEqual(["shop-db"]);
    page.status = 200;
    expect(summary(await deploying)).toMatchObject({ state: "SUCCEEDED" });
    expect(rig.running()).toEqual(["shop-db", "shop-web"]);
  });

  it("stops the old one only once the new one is healthy, with start-first", async () => {
    const [old, next] = [await rig.openPage(200), await rig.openPage(503)];
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
    const page = await rig.openPage(200);
    await rig.deploy(definition("shop", checked(page)));
    const before = rig.host.running;
    const changed = await rig.deploy(definition("shop", checked(page, "retries = 7")));
    expect(summary(changed)).toEqual({ state: "SUCCEEDED", steps: ["accept"] });
    expect(rig.host.running).toEqual(before);
  });

  it("is refused where its check could never pass, before anything is stopped", async () => {
    const page = await rig.openPage(200);
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
    expect((await rig.component("db"))?.health?.text).toBe("pg_isready exited with code 1: no connection");
    exitCode = 0;
    expect(summary(await deploying)).toMatchObject({ state: "SUCCEEDED" });
    expect(asked[0]).toBe("shop-db pg_isready -q");
  });
});
