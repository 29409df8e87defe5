import { addressesOf, countAddresses } from "@mcp/base";
import fc from "fast-check";
import { expect, it } from "vitest";
import { instanceOf, open, proposalFor } from "../test/temporary.ts";
import type { Registry } from "./registry.ts";

const services = ["a", "b", "c", "d"];
const subnets = [
  { address: "10.99.0.1", prefixLength: 29 },
  { address: "10.99.0.20", prefixLength: 28 },
];
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("propose" as const),
      service: fc.constantFrom(...services),
      components: fc.uniqueArray(fc.constantFrom("x", "y", "z"), { minLength: 1 }),
      // The second one stands for a bridge that was given another address.
      subnet: fc.constantFrom(subnets[0], subnets[0], subnets[0], subnets[1]),
      answered: fc.subarray(["10.99.0.3", "10.99.0.5", "10.99.0.18"]),
    }),
  },
  fc.record({
    do: fc.constantFrom("accept" as const, "reject" as const, "discard" as const, "undeploy" as const),
    service: fc.constantFrom(...services),
  }),
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const roundsInAll = 1_000;
const longest = 20;

let started = 0;

/** What an engine does with a revision: an instance for each component, at its address, and none without one. */
async function startAll(registry: Registry, service: string): Promise<void> {
  const { candidate, addresses = [] } = (await registry.service(service)) ?? {};
  for (const { component, address } of addresses.filter(({ revision }) => revision === candidate?.revision)) {
    const name = `${service}-${component}.${++started}`;
    await registry.addInstance(instanceOf(service, name, { component, address }));
  }
}

/** Those that are neither of the current revision nor of the candidate are gone, with whoever ran at them. */
async function removeOld(registry: Registry, service: string): Promise<void> {
  const { instances = [], addresses = [] } = (await registry.service(service)) ?? {};
  for (const { name, component, address } of instances)
    if (!addresses.some((claim) => claim.component === component && claim.address === address))
      await registry.removeInstance(name);
}

async function perform(registry: Registry, command: Command): Promise<string> {
  const { service } = command;
  if (command.do === "propose") {
    const { components, subnet = subnets[0], answered } = command;
    if (!subnet) throw new Error("there is a subnet");
    const had = await registry.heldAddresses();
    const addresses = components.map((component) => ({ component, subnet }));
    const proposal = await proposalFor(registry, service, components, { addresses, answered });
    const number = await registry.propose(proposal).catch((error: { code?: string }) => {
      if (error.code !== "addresses_exhausted") throw error;
      return error.code;
    });
    if (typeof number === "string") return number;
    const given = (await registry.service(service))?.addresses.filter(({ revision }) => revision === number);
    expect(given?.map(({ component }) => component).sort()).toEqual(components.toSorted());
    const good = [...addressesOf(subnet)];
    for (const { component, address } of given ?? []) {
      expect(good).toContain(address);
      const own = had.find(
        (held) => held.service === service && held.component === component && good.includes(held.address),
      );
      if (own) expect(address).toBe(own.address);
      else expect(answered).not.toContain(address);
    }
    await startAll(registry, service);
    return "proposed";
  }
  const known = await registry.service(service);
  if (!known || (command.do === "accept" && known.candidate?.state === "rejected")) return "nothing";
  if (command.do === "accept") await registry.accept(service, { keep: [] });
  else if (command.do === "undeploy") await registry.forget(service);
  else await registry[command.do](service);
  await removeOld(registry, service);
  return command.do;
}

/** Whatever may run is where nobody else may be. */
async function requireOneEach(registry: Registry): Promise<void> {
  const holders = new Map<string, string>();
  for (const { name, addresses, instances } of await registry.services())
    for (const { component, address } of [...addresses, ...instances]) {
      const holder = `${name}/${component}`;
      expect(holders.get(address ?? "") ?? holder).toBe(holder);
      holders.set(address ?? "", holder);
    }
}

it("in a thousand rounds no address is given twice, none that is not to be had, and all come back", async () => {
  const { registry } = await open();
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: longest, maxLength: longest, size: "max" }),
      async (commands) => {
        for (const each of commands) {
          const outcome = await perform(registry, each);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
          await requireOneEach(registry);
        }
        for (const { name } of await registry.services()) await registry.forget(name);
        expect(await registry.heldAddresses()).toEqual([]);
        const most = countAddresses(subnets[0] as (typeof subnets)[0]);
        expect(
          await registry.newAddresses(
            { service: "e", addresses: [{ component: "x", subnet: subnets[0] as (typeof subnets)[0] }] },
            99,
          ),
        ).toHaveLength(most);
      },
    ),
    { numRuns: roundsInAll / longest },
  );
  for (const reached of ["proposed", "addresses_exhausted", "accept", "reject", "discard", "undeploy"])
    expect(outcomes.get(reached), reached).toBeGreaterThan(10);
}, 60_000);
