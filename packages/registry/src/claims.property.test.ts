import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deployed, open, proposalFor } from "../test/temporary.ts";
import type { PortClaim } from "./claims.ts";
import type { Registry } from "./registry.ts";

const services = ["a", "b", "c"];
const hosts = ["127.0.0.1", "192.0.2.1", "::1"];
const everyHost = ["", "0.0.0.0", "::"];

const claim = fc.record({
  component: fc.constantFrom("x", "y"),
  address: fc.constantFrom(...hosts, ...everyHost),
  port: fc.constantFrom(80, 81),
  protocol: fc.constantFrom("tcp", "udp"),
});
const claims = fc.array(claim, { maxLength: 3 });
const command = fc.oneof(
  fc.record({ do: fc.constant("propose" as const), service: fc.constantFrom(...services), claims }),
  fc.record({
    do: fc.constantFrom("reject" as const, "discard" as const, "accept" as const, "forget" as const),
    service: fc.constantFrom(...services),
  }),
);

/** Sockets as the kernel would see them: one string for each address that a claim listens on. */
const socketsOf = ({ address, port, protocol }: PortClaim): string[] =>
  (everyHost.includes(address) ? [...hosts, "any other"] : [address]).map(
    (host) => `${protocol} ${host} ${port}`,
  );

/** What each service holds, told as simply as possible. */
class Model {
  readonly held = new Map<string, { current?: PortClaim[]; candidate?: PortClaim[]; isRejected?: boolean }>();

  isFree(service: string, wanted: readonly PortClaim[]): boolean {
    const others = [...this.held].filter(([name]) => name !== service).map(([, holding]) => holding);
    const taken = new Set(
      others.flatMap(({ current = [], candidate = [] }) => [...current, ...candidate]).flatMap(socketsOf),
    );
    return wanted.flatMap(socketsOf).every((socket) => !taken.has(socket));
  }
}

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Do the same to both; the model says beforehand whether it must succeed. */
async function step(registry: Registry, model: Model, command: Command): Promise<void> {
  const { service } = command;
  const holding = model.held.get(service);
  if (command.do === "propose") {
    const proposal = await proposalFor(registry, service, ["x", "y"], { ports: command.claims });
    const outcome = await registry.propose(proposal).then(
      () => "recorded",
      ({ code }: { code?: string }) => code,
    );
    const isFree = model.isFree(service, command.claims);
    expect(outcome).toBe(isFree ? "recorded" : "port_taken");
    if (isFree) model.held.set(service, { ...holding, candidate: command.claims, isRejected: false });
    return;
  }
  if (!holding || (command.do === "accept" && holding.isRejected)) return;
  if (command.do === "accept") await registry.accept(service, { keep: [] });
  else await registry[command.do](service);
  const { current, candidate } = holding;
  if (command.do === "forget") model.held.set(service, {});
  if (command.do === "reject" && candidate) model.held.set(service, { ...holding, isRejected: true });
  if (command.do === "discard") model.held.set(service, current ? { current } : {});
  if (command.do === "accept" && candidate) model.held.set(service, { current: candidate });
}

describe("claims of host ports", () => {
  it("are refused exactly when another service listens on one of the same sockets", async () => {
    const { registry } = await open();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
        for (const service of services) {
          await deployed(registry, service);
          await registry.forget(service);
        }
        const model = new Model();
        for (const service of services) model.held.set(service, {});
        for (const each of commands) await step(registry, model, each);
      }),
      { numRuns: 150 },
    );
  });
});
