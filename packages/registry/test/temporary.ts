import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProblem, type Problem } from "@mcp/base";
import { FakeClock } from "@mcp/base/fake-clock";
import { expect, onTestFinished } from "vitest";
import {
  type NewInstance,
  openRegistry,
  type Proposal,
  type Registry,
  type RegistryOptions,
} from "../src/index.ts";

export const startMs = Date.UTC(2026, 0, 1);

/** An empty folder, gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mcp-registry-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Opened {
  readonly registry: Registry;
  readonly path: string;
  readonly clock: FakeClock;
}

/** A registry in a real file, closed and gone when the test is over. */
export async function open(options: Partial<RegistryOptions> = {}): Promise<Opened> {
  const path = options.path ?? join(temporaryFolder(), "mcp.db");
  const clock = new FakeClock(startMs);
  const registry = await openRegistry({ clock, ...options, path });
  onTestFinished(() => registry.close());
  return { registry, path, clock };
}

/** The `Problem` that a call ends with; a test failure if it succeeds, the error itself if it is a bug. */
export async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const thrown = await work.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );
  if (!isProblem(thrown)) throw thrown;
  return thrown;
}

let operations = 0;

/** A proposal with its operation recorded. Components are written as `name` or `name:knownName`. */
export async function proposalFor(
  registry: Registry,
  service: string,
  components: readonly string[] = [service],
  more: Partial<Proposal> = {},
): Promise<Proposal> {
  const operationId = `operation-${++operations}`;
  await registry.addOperation({
    id: operationId,
    requestId: `request-${operations}`,
    service,
    kind: "deploy",
    request: {},
  });
  return {
    service,
    managed: "heal",
    origin: "a test",
    content: { v: 1 },
    operationId,
    desired: "running",
    components: components.map((text) => {
      const [name = "", knownName = name === service ? name : `${service}-${name}`] = text.split(":");
      return { name, knownName, desired: "running" };
    }),
    ports: [],
    sizes: [],
    addresses: [],
    ...more,
  };
}

/** Propose and accept in one go. */
export async function deployed(
  registry: Registry,
  service: string,
  components?: readonly string[],
  more?: Partial<Proposal>,
): Promise<number> {
  const number = await registry.propose(await proposalFor(registry, service, components, more));
  await registry.accept(service, { keep: [] });
  return number;
}

export const instanceOf = (service: string, name: string, more: Partial<NewInstance> = {}): NewInstance => ({
  name,
  service,
  component: service,
  revision: 1,
  specHash: "hash-1",
  spec: { image: "hello:v1" },
  kind: "container",
  role: "candidate",
  ...more,
});
