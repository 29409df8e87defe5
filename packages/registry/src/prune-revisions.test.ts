import { expect, it } from "vitest";
import { deployed, instanceOf, open, proposalFor } from "../test/temporary.ts";

const limits = {
  maxEvents: 1_000,
  maxEventAgeMs: 1_000,
  maxOperationsPerService: 1_000,
  maxRevisionsPerService: 2,
};
const numbers = async ({ registry }: Awaited<ReturnType<typeof open>>, service: string) =>
  (await registry.revisions(service)).map(({ number }) => number);

it("pruning keeps the newest revisions of each service", async () => {
  const opened = await open();
  for (let index = 0; index < 5; index++) await deployed(opened.registry, "a");
  await deployed(opened.registry, "b");
  expect(await opened.registry.prune(limits)).toBe(3);
  expect(await numbers(opened, "a")).toEqual([5, 4]);
  expect(await numbers(opened, "b")).toEqual([1]);
});

it("pruning keeps the current revision, the candidate, and what an instance was made from", async () => {
  const opened = await open();
  const { registry } = opened;
  for (let index = 0; index < 3; index++) await deployed(registry, "a");
  await registry.addInstance(instanceOf("a", "a-1", { revision: 1 }));
  for (let index = 0; index < 4; index++) {
    await registry.propose(await proposalFor(registry, "a"));
    await registry.discard("a");
  }
  await registry.propose(await proposalFor(registry, "a"));
  await registry.prune({ ...limits, maxRevisionsPerService: 0 });
  expect(await numbers(opened, "a")).toEqual([8, 3, 1]);
  expect(await registry.service("a")).toMatchObject({ currentRevision: 3, candidate: { revision: 8 } });
});

it("pruning all of a forgotten service does not make its numbers start again", async () => {
  const opened = await open();
  await deployed(opened.registry, "a");
  await opened.registry.forget("a");
  await opened.registry.prune({ ...limits, maxRevisionsPerService: 0 });
  expect(await numbers(opened, "a")).toEqual([]);
  expect(await deployed(opened.registry, "a")).toBe(2);
});
