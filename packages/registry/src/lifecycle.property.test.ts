import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { instanceOf, proposalFor, temporaryFolder } from "../test/temporary.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open-database.ts";
import type { Registry } from "./registry.ts";
import { registryOn } from "./registry-on.ts";
import { sizeOf } from "./sizes.ts";

const service = fc.constantFrom("a", "a-b", "c");
const components = fc.uniqueArray(fc.constantFrom("a", "b", "c", "b-c"), { minLength: 1, maxLength: 3 });
const names = fc.uniqueArray(fc.constantFrom("i1", "i2", "i3", "i4"));
const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("propose" as const), service, components, port: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("accept" as const), service, keep: names }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reject" as const), service }) },
  fc.record({ do: fc.constantFrom("discard" as const, "forget" as const), service }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("setDesired" as const),
      service,
      desired: fc.constantFrom("running" as const, "stopped" as const, "absent" as const),
    }),
  },
  fc.record({
    do: fc.constant("addInstance" as const),
    service,
    name: fc.constantFrom("i1", "i2", "i3", "i4"),
  }),
  fc.record({ do: fc.constant("removeInstance" as const), name: fc.constantFrom("i1", "i2", "i3", "i4") }),
  fc.record({ do: fc.constant("prune" as const), keep: fc.nat(2) }),
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** With room for three, as strangers answer for two of its five. */
const subnet = { address: "10.99.0.1", prefixLength: 29 };
const answered = ["10.99.0.2", "10.99.0.4"];

async function perform(registry: Registry, command: Command): Promise<void> {
  switch (command.do) {
    case "propose": {
      const [component = ""] = command.components;
      const ports = [{ component, address: "", port: 80 + command.port, protocol: "tcp" }];
      const sizes = command.components.map((each) => ({
        component: each.split(":")[0] ?? "",
        memoryMiB: 1 + ((command.port + command.components.length) % 3),
        vcpus: 1,
        isBeside: command.port % 2 === 0,
      }));
      const addresses = command.components.map((each) => ({ component: each.split(":")[0] ?? "", subnet }));
      const more = { ports, sizes, addresses, answered };
      const proposal = await proposalFor(registry, command.service, command.components, more);
      await registry.propose(proposal);
      return;
    }
    case "accept":
      return registry.accept(command.service, { keep: command.keep });
    case "setDesired":
      return registry.setDesired(command.service, command.desired);
    case "addInstance":
      return registry.addInstance(instanceOf(command.service, command.name));
    case "removeInstance":
      return registry.removeInstance(command.name);
    case "prune":
      await registry.prune({
        maxEvents: 0,
        maxEventAgeMs: 0,
        maxOperationsPerService: command.keep,
        maxRevisionsPerService: command.keep,
      });
      return;
    default:
      return registry[command.do](command.service);
  }
}

const capacity = { memoryMiB: 5, vcpus: 4 };
const refusals = [
  "addresses_exhausted",
  "name_taken",
  "port_taken",
  "resources_exhausted",
  "service_not_found",
  "spec_conflict",
  "superseded",
];

/** Each query finds rows that must not be. */
const laws = {
  "a current revision is there and says so, and no other does": `
    select r.service from revision r left join service s on s.name = r.service
      where (r.state = 'current') <> (r.number is s.current_revision)
    union all select name from service where current_revision is not null and not exists
      (select 1 from revision where service = service.name and number = service.current_revision and state = 'current')`,
  "a candidate is there and says so, and no other does": `
    select r.service from revision r left join service s on s.name = r.service
      where (r.state = 'candidate') <> (r.number is s.candidate_revision)
    union all select name from service where candidate_revision is not null and not exists
      (select 1 from revision where service = service.name and number = service.candidate_revision)`,
  "no revision is both": "select name from service where current_revision = candidate_revision",
  "a service has no number beyond its last": `
    select service from revision where number > (select last_revision from service where name = revision.service)`,
  "ports belong to a current revision or a candidate": `
    select service from port_claim where not exists
      (select 1 from service where name = port_claim.service and revision in (current_revision, candidate_revision))`,
  "sizes belong to a current revision or a candidate": `
    select service from size_claim where not exists
      (select 1 from service where name = size_claim.service and revision in (current_revision, candidate_revision))`,
  "addresses belong to a current revision or a candidate": `
    select service from address_claim where not exists
      (select 1 from service where name = address_claim.service and revision in (current_revision, candidate_revision))`,
  "no address has two components, and no component two": `
    select a.address from address_claim a join address_claim b
      where (a.address = b.address) <> (a.service = b.service and a.component = b.component)`,
  "no port has two services": `
    select a.port from port_claim a join port_claim b using (port, protocol) where a.service <> b.service`,
  "components belong to a current revision or a candidate": `
    select component.name from component join service on service.name = component.service
      where (in_current and current_revision is null) or (in_candidate and candidate_revision is null)
        or (not in_current and not in_candidate and candidate_revision is null)`,
  "there is something to come back to only while a candidate is tried or undone": `
    select name from service where desired_before is not null and candidate_revision is null
    union all select component.name from component join service on service.name = component.service
      where component.desired_before is not null and candidate_revision is null`,
  "instances have a service": `
    select name from instance where not exists (select 1 from service where name = instance.service)`,
  "rows refer to rows": "select * from pragma_foreign_key_check",
};

async function checkLaws(database: Database): Promise<void> {
  const broken = await database.alone((raw) =>
    Object.entries(laws).filter(([, rows]) => raw.prepare(rows).all().length > 0),
  );
  expect(broken.map(([law]) => law)).toEqual([]);
}

it("whatever is proposed, accepted, discarded and forgotten in any order, the registry makes sense", async () => {
  const clock = new FakeClock();
  const database = openDatabase({ path: join(temporaryFolder(), "mcp.db"), clock });
  onTestFinished(() => database.close());
  const registry = registryOn(database, clock, () => capacity);
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 30, size: "max" }), async (commands) => {
      for (const name of ["a", "a-b", "c"]) await registry.forget(name).catch(() => {});
      for (const each of commands) {
        const before = await registry.services();
        const outcome = await perform(registry, each).then(
          () => "done",
          (error: { code?: string }) => {
            if (!refusals.includes(error.code ?? "")) throw error;
            return error.code ?? "";
          },
        );
        const key = `${each.do} ${outcome}`;
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
        if (outcome !== "done") expect(await registry.services()).toEqual(before);
        await checkLaws(database);
        const promised = sizeOf((await registry.promises()).promised);
        expect(promised.memoryMiB).toBeLessThanOrEqual(capacity.memoryMiB);
        expect(promised.vcpus).toBeLessThanOrEqual(capacity.vcpus);
      }
    }),
    { numRuns: 200 },
  );
  // The sequences did reach what they are there for.
  for (const reached of [
    "propose done",
    "propose addresses_exhausted",
    "propose name_taken",
    "propose port_taken",
    "propose resources_exhausted",
    "accept done",
    "accept superseded",
  ])
    expect([...outcomes.keys()]).toContain(reached);
});
