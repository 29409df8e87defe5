import { describe, expect, it } from "vitest";
import { deployed, open, proposalFor } from "../test/temporary.ts";

describe("what is wanted when a candidate does not stay", () => {
  const wanted = async ({ registry }: Awaited<ReturnType<typeof open>>, service: string) => {
    const record = await registry.service(service);
    return [record?.desired, ...(record?.components.map(({ name, desired }) => `${name} ${desired}`) ?? [])];
  };

  it("is what was wanted before: a stopped service is stopped again, already while the candidate is undone", async () => {
    const opened = await open();
    const { registry } = opened;
    await deployed(registry, "shop", ["shop", "db"]);
    await registry.setDesired("shop", "stopped");
    await registry.propose(await proposalFor(registry, "shop", ["shop", "cache"]));
    expect(await wanted(opened, "shop")).toEqual(["running", "cache running", "db stopped", "shop running"]);
    await registry.reject("shop");
    expect(await wanted(opened, "shop")).toEqual(["stopped", "cache running", "db stopped", "shop stopped"]);
    await registry.discard("shop");
    expect(await wanted(opened, "shop")).toEqual(["stopped", "db stopped", "shop stopped"]);
  });

  it("is that also if it is discarded at once, or takes the place of another that was on trial", async () => {
    const opened = await open();
    const { registry } = opened;
    await deployed(registry, "shop");
    await registry.setDesired("shop", "stopped");
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.discard("shop");
    expect(await wanted(opened, "shop")).toEqual(["stopped", "shop stopped"]);
  });

  it("is what an operator said since", async () => {
    const opened = await open();
    const { registry } = opened;
    await deployed(registry, "shop", ["shop", "db"]);
    await registry.setDesired("shop", "stopped");
    await registry.propose(await proposalFor(registry, "shop", ["shop", "db"]));
    await registry.setDesired("shop", "running", ["db"]);
    await registry.reject("shop");
    expect(await wanted(opened, "shop")).toEqual(["stopped", "db running", "shop stopped"]);
    await registry.setDesired("shop", "running");
    await registry.discard("shop");
    expect(await wanted(opened, "shop")).toEqual(["running", "db running", "shop running"]);
  });

  it("is not what was wanted before an earlier one that stayed", async () => {
    const opened = await open();
    const { registry } = opened;
    await deployed(registry, "shop");
    await registry.setDesired("shop", "stopped");
    await deployed(registry, "shop");
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.reject("shop");
    expect(await wanted(opened, "shop")).toEqual(["running", "shop running"]);
  });

  it("is nothing of a service that was being undeployed", async () => {
    const opened = await open();
    const { registry } = opened;
    await deployed(registry, "shop");
    await registry.setDesired("shop", "absent");
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.reject("shop");
    expect(await wanted(opened, "shop")).toEqual(["absent", "shop stopped"]);
  });

  it("is again to ignore it, once the candidate is undone", async () => {
    const opened = await open();
    const { registry } = opened;
    await deployed(registry, "shop");
    await registry.setDesired("shop", "ignore");
    await registry.propose(await proposalFor(registry, "shop"));
    await registry.reject("shop");
    expect(await wanted(opened, "shop")).toEqual(["running", "shop running"]);
    await registry.discard("shop");
    expect(await wanted(opened, "shop")).toEqual(["ignore", "shop running"]);
  });
});
