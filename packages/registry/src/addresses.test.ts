import { describe, expect, it } from "vitest";
import { deployed, instanceOf, open, problemOf, proposalFor } from "../test/temporary.ts";
import type { Proposal } from "./proposals.ts";
import type { Registry } from "./registry.ts";

const subnet = { address: "10.99.0.1", prefixLength: 24 };
/** With room for five. */
const small = { address: "10.99.0.1", prefixLength: 29 };

const wishes = (components: readonly string[], of = subnet): Pick<Proposal, "addresses"> => ({
  addresses: components.map((component) => ({ component, subnet: of })),
});

const deploy = (registry: Registry, service: string, components: readonly string[], of = subnet) =>
  deployed(registry, service, components, wishes(components, of));

const propose = async (registry: Registry, service: string, more: Partial<Proposal>) =>
  registry.propose(await proposalFor(registry, service, ["vm"], more));

const addressesOf = async (registry: Registry, service: string) =>
  (await registry.service(service))?.addresses.map(
    ({ revision, component, address }) => `r${revision} ${component} ${address}`,
  );

describe("the address of a component", () => {
  it("is the lowest that nobody has", async () => {
    const { registry } = await open();
    await deploy(registry, "web", ["a", "b"]);
    await deploy(registry, "shop", ["vm"]);
    expect(await addressesOf(registry, "web")).toEqual(["r1 a 10.99.0.2", "r1 b 10.99.0.3"]);
    expect(await addressesOf(registry, "shop")).toEqual(["r1 vm 10.99.0.4"]);
    await registry.forget("web");
    await deploy(registry, "blog", ["vm"]);
    expect(await addressesOf(registry, "blog")).toEqual(["r1 vm 10.99.0.2"]);
  });

  it("stays the same from revision to revision, whatever became of the ones between", async () => {
    const { registry } = await open();
    await deploy(registry, "web", ["vm"]);
    await deploy(registry, "shop", ["vm"]);
    await registry.forget("web");
    await propose(registry, "shop", wishes(["vm"]));
    expect(await addressesOf(registry, "shop")).toEqual(["r1 vm 10.99.0.3", "r2 vm 10.99.0.3"]);
    await registry.reject("shop");
    await propose(registry, "shop", wishes(["vm"]));
    await registry.discard("shop");
    expect(await addressesOf(registry, "shop")).toEqual(["r1 vm 10.99.0.3"]);
    await deploy(registry, "shop", ["vm"]);
    expect(await addressesOf(registry, "shop")).toEqual(["r4 vm 10.99.0.3"]);
  });

  it("is that of an earlier candidate, which may run until it is removed", async () => {
    const { registry } = await open();
    await deploy(registry, "web", ["vm"]);
    await propose(registry, "shop", wishes(["vm"]));
    await registry.forget("web");
    await propose(registry, "shop", wishes(["vm"]));
    expect(await addressesOf(registry, "shop")).toEqual(["r2 vm 10.99.0.3"]);
  });

  it("is another one once its subnet has moved, shrunk, or given it to the bridge", async () => {
    const { registry } = await open();
    await deploy(registry, "web", ["a", "b"]);
    await deploy(registry, "web", ["a", "b"], { address: "10.98.0.1", prefixLength: 24 });
    expect(await addressesOf(registry, "web")).toEqual(["r2 a 10.98.0.2", "r2 b 10.98.0.3"]);
    await deploy(registry, "web", ["a", "b"], { address: "10.98.0.2", prefixLength: 24 });
    expect(await addressesOf(registry, "web")).toEqual(["r3 a 10.98.0.1", "r3 b 10.98.0.3"]);
    await deploy(registry, "web", ["a", "b"], { address: "10.98.0.9", prefixLength: 29 });
    expect(await addressesOf(registry, "web")).toEqual(["r4 a 10.98.0.10", "r4 b 10.98.0.11"]);
  });

  it("is none that an instance has which is recorded still, unless that is its own", async () => {
    const { registry } = await open();
    await deploy(registry, "web", ["vm"]);
    await registry.addInstance(instanceOf("web", "web-vm.1", { component: "vm", address: "10.99.0.2" }));
    await deployed(registry, "web", ["vm"]);
    expect(await addressesOf(registry, "web")).toEqual([]);
    await deploy(registry, "shop", ["vm"]);
    expect(await addressesOf(registry, "shop")).toEqual(["r1 vm 10.99.0.3"]);
    await deploy(registry, "web", ["vm"]);
    expect(await addressesOf(registry, "web")).toEqual(["r3 vm 10.99.0.2"]);
  });

  it("is none that a stranger answers for, but its own stays", async () => {
    const { registry } = await open();
    const answered = ["10.99.0.2", "10.99.0.3"];
    await propose(registry, "web", { ...wishes(["vm"]), answered });
    await registry.accept("web", { keep: [] });
    expect(await addressesOf(registry, "web")).toEqual(["r1 vm 10.99.0.4"]);
    await propose(registry, "web", { ...wishes(["vm"]), answered: ["10.99.0.4"] });
    expect(await addressesOf(registry, "web")).toEqual(["r1 vm 10.99.0.4", "r2 vm 10.99.0.4"]);
  });

  it("can be asked for without a proposal, and which ones would be given anew", async () => {
    const { registry } = await open();
    await deploy(registry, "web", ["a"]);
    const wanted = { service: "web", ...wishes(["a", "b"]) };
    const claims = { ...wanted, components: [], ports: [], sizes: [] };
    expect(await registry.checkClaims(claims)).toEqual([
      { component: "a", address: "10.99.0.2" },
      { component: "b", address: "10.99.0.3" },
    ]);
    expect(await registry.newAddresses(wanted, 2)).toEqual(["10.99.0.3", "10.99.0.4", "10.99.0.5"]);
    expect(await registry.newAddresses({ ...wanted, answered: ["10.99.0.3"] }, 0)).toEqual(["10.99.0.4"]);
    expect(await registry.newAddresses({ service: "web", ...wishes(["a"]) }, 2)).toEqual([]);
    expect(await registry.heldAddresses()).toEqual([
      { service: "web", component: "a", address: "10.99.0.2" },
    ]);
  });
});

describe("a subnet without an address that is free", () => {
  it("refuses, says who has how many, and gives again what is released", async () => {
    const { registry } = await open();
    await deploy(registry, "web", ["a", "b", "c"], small);
    await deploy(registry, "shop", ["vm"], small);
    const work = propose(registry, "blog", { ...wishes(["vm"], small), answered: ["10.99.0.6"] });
    expect(await problemOf(work)).toMatchObject({
      code: "addresses_exhausted",
      message:
        "no address is left for blog/vm: of the 5 of 10.99.0.1/29 web has 3, shop has 1, strangers on the bridge answer for 1",
      hint: "undeploy what is not needed, such as: mcp undeploy web; or give the bridge a larger subnet",
    });
    expect(await registry.service("blog")).toBeUndefined();
    await registry.forget("shop");
    await deploy(registry, "blog", ["vm"], small);
    expect(await addressesOf(registry, "blog")).toEqual(["r1 vm 10.99.0.5"]);
  });

  it("counts what the same proposal was given of it", async () => {
    const { registry } = await open();
    const all = ["a", "b", "c", "d", "e", "f"];
    const work = registry.propose(await proposalFor(registry, "web", all, wishes(all, small)));
    expect(await problemOf(work)).toMatchObject({
      message: "no address is left for web/f: of the 5 of 10.99.0.1/29 web has 5",
    });
  });

  it("leaves a service alone that wants no more than it has", async () => {
    const { registry } = await open();
    const all = ["a", "b", "c", "d", "e"];
    await deploy(registry, "web", all, small);
    await deploy(registry, "web", all, small);
    expect(await registry.heldAddresses()).toHaveLength(5);
    const work = registry.propose(await proposalFor(registry, "web", ["f"], wishes(["f"], small)));
    expect(await problemOf(work)).toMatchObject({ hint: "give the bridge a larger subnet" });
  });
});
