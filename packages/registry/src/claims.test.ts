import { describe, expect, it } from "vitest";
import { deployed, open, problemOf, proposalFor } from "../test/temporary.ts";
import type { PortClaim } from "./claims.ts";

const port = (component: string, number: number, address = "", protocol = "tcp"): PortClaim => ({
  component,
  address,
  port: number,
  protocol,
});

describe("known names", () => {
  it("belong to one component of the node", async () => {
    const { registry } = await open();
    await deployed(registry, "a-b", ["c"]);
    const proposal = await proposalFor(registry, "a", ["b-c", "other"]);
    expect(await problemOf(registry.propose(proposal))).toMatchObject({
      code: "name_taken",
      message: "a/b-c would be known as a-b-c on this node, as a-b/c is already",
      hint: "rename one of them, or: mcp undeploy a-b",
    });
    expect(await registry.service("a")).toBeUndefined();
    expect(await registry.revisions("a")).toEqual([]);
    expect((await registry.operation(proposal.operationId))?.revision).toBeUndefined();
  });

  it("belong to one component of a service too", async () => {
    const { registry } = await open();
    const proposal = await proposalFor(registry, "a", ["x:same", "y:same"]);
    expect(await problemOf(registry.propose(proposal))).toMatchObject({
      code: "name_taken",
      hint: "rename one of them",
    });
  });

  it("are free again once a candidate is discarded, a revision without them accepted, or a service forgotten", async () => {
    const { registry } = await open();
    const claim = async () => registry.propose(await proposalFor(registry, "a", ["b-c"]));
    await registry.propose(await proposalFor(registry, "a-b", ["c"]));
    await registry.reject("a-b");
    expect(await problemOf(claim())).toMatchObject({ code: "name_taken" });
    await registry.discard("a-b");
    await claim();
    await registry.discard("a");

    await deployed(registry, "a-b", ["c"]);
    await deployed(registry, "a-b", ["d"]);
    await claim();
    await registry.discard("a");

    await deployed(registry, "a-b", ["c"]);
    await registry.forget("a-b");
    await claim();
  });
});

describe("host ports", () => {
  it("belong to one service", async () => {
    const { registry } = await open();
    await deployed(registry, "web", ["api"], { ports: [port("api", 80)] });
    const proposal = await proposalFor(registry, "shop", ["front"], {
      ports: [port("front", 81), port("front", 80, "192.0.2.1")],
    });
    expect(await problemOf(registry.propose(proposal))).toMatchObject({
      code: "port_taken",
      message: "host port 192.0.2.1:80/tcp, wanted by shop/front, already belongs to web/api",
      hint: "pick another port, or free it with: mcp undeploy web",
    });
    expect(await registry.service("shop")).toBeUndefined();
  });

  it("stay with the current revision while a candidate without them is tried, and go when it is accepted", async () => {
    const { registry } = await open();
    const claim = async () =>
      registry.propose(await proposalFor(registry, "shop", ["shop"], { ports: [port("shop", 80)] }));
    await deployed(registry, "web", ["web"], { ports: [port("web", 80)] });
    await registry.propose(await proposalFor(registry, "web", ["web"], { ports: [port("web", 8080)] }));
    expect(await problemOf(claim())).toMatchObject({ code: "port_taken" });
    await registry.accept("web", { keep: [] });
    await claim();
  });

  it("of a candidate are held until it is discarded, and those of the current revision stay", async () => {
    const { registry } = await open();
    const claim = async (number: number) =>
      registry.propose(await proposalFor(registry, "shop", ["shop"], { ports: [port("shop", number)] }));
    await deployed(registry, "web", ["web"], { ports: [port("web", 80)] });
    await registry.propose(await proposalFor(registry, "web", ["web"], { ports: [port("web", 8080)] }));
    await registry.reject("web");
    expect(await problemOf(claim(8080))).toMatchObject({ code: "port_taken" });
    await registry.discard("web");
    await claim(8080);
    expect(await problemOf(claim(80))).toMatchObject({ code: "port_taken" });
  });

  it("of an earlier candidate are free when the next one takes its place", async () => {
    const { registry } = await open();
    await registry.propose(await proposalFor(registry, "web", ["web"], { ports: [port("web", 80)] }));
    await registry.propose(await proposalFor(registry, "web", ["web"], { ports: [port("web", 81)] }));
    await deployed(registry, "shop", ["shop"], { ports: [port("shop", 80)] });
  });

  it("never conflict within a service", async () => {
    const { registry } = await open();
    const ports = [port("web", 80), port("web", 80), port("web", 80, "127.0.0.1")];
    await deployed(registry, "web", ["web"], { ports });
    await deployed(registry, "web", ["web"], { ports });
  });

  it("can be asked about without a proposal", async () => {
    const { registry } = await open();
    await deployed(registry, "web", ["web"], { ports: [port("web", 80)] });
    const check = (service: string, knownName: string, number: number) =>
      registry.checkClaims({
        service,
        components: [{ name: "x", knownName, desired: "running" }],
        ports: [port("x", number)],
        sizes: [],
        addresses: [],
      });
    await check("shop", "shop", 81);
    await check("web", "web-x", 80);
    expect(await problemOf(check("shop", "shop", 80))).toMatchObject({ code: "port_taken" });
    expect(await problemOf(check("shop", "web", 81))).toMatchObject({ code: "name_taken" });
    expect((await registry.services()).map(({ name }) => name)).toEqual(["web"]);
  });
});
