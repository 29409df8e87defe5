import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { realClock, silentLogger } from "@mcp/host";
import {
  AgentService,
  type Operation,
  Operation_State,
  type OperationUpdate,
  type ProblemDetail,
  ProblemDetailSchema,
} from "@mcp/proto";
import { type Capacity, openRegistry, type Registry } from "@mcp/registry";
import { FakeHost, FakeImages, type FakeNetwork, FakeRuntime } from "@mcp/runtime/fake";
import { Agent, type Deps, routesOf } from "../src/index.ts";
import { FakeHostPorts } from "./fake-host-ports.ts";

/** One life of an agent: real database, fake runtime, and a client over a transport in memory. */
export interface Life {
  readonly agent: Agent;
  readonly registry: Registry;
  readonly client: Client<typeof AgentService>;
  /** As `kill -9` would: nothing is finished, nothing is told. */
  kill(): Promise<void>;
}

export interface Rig {
  readonly host: FakeHost;
  /** Programs beside our workloads that listen on ports of the host. */
  readonly programs: FakeHostPorts;
  /** The present life. */
  readonly life: Life;
  readonly client: Client<typeof AgentService>;
  /** Begin a life; the one before must have ended. */
  boot(more?: Partial<Deps>): Promise<Life>;
  deploy(
    toml: string,
    more?: { readonly requestId?: string; readonly component?: string },
  ): Promise<Operation>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface RigOptions extends Omit<Partial<Deps>, "network"> {
  /** Default: in a folder of the rig's own. */
  readonly databasePath?: string;
  readonly readOnly?: boolean;
  /** What virtual machines may be promised. Default: as much as they want. */
  readonly capacity?: () => Capacity;
  /** A second backend, for microVMs. */
  readonly vms?: FakeHost;
  readonly network?: FakeNetwork;
}

export async function openRig({
  databasePath,
  readOnly,
  capacity,
  vms,
  ...more
}: RigOptions = {}): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "mcpt-agent-"));
  // What ends a workload and what says when it ended is the agent's own time.
  const host = new FakeHost({ clock: more.clock ?? realClock });
  const programs = new FakeHostPorts();
  let life: Life | undefined;
  const rig: Rig = {
    host,
    programs,
    get life() {
      if (!life) throw new Error("no agent lives");
      return life;
    },
    get client() {
      return rig.life.client;
    },
    async boot(extra = {}) {
      const path = databasePath ?? join(folder, "mcp.db");
      const registry = await openRegistry({
        path,
        clock: realClock,
        readOnly: readOnly ?? false,
        ...(capacity && { capacity }),
      });
      const agent = new Agent({
        node: "rift",
        version: "0.0.0-test",
        registry,
        runtimes: [
          { name: "fake", runtime: new FakeRuntime(host) },
          ...(vms ? [{ name: "fake-vms", runtime: new FakeRuntime(vms) }] : []),
        ],
        images: new FakeImages(host),
        hostPorts: programs,
        clock: realClock,
        log: silentLogger,
        allowedVolumes: [folder],
        random: Math.random,
        intervalMs: 30_000,
        // However full the machine of the tests is.
        limits: { diskFullPercent: 101, memoryLowPercent: 0 },
        ...more,
        ...extra,
      });
      await agent.start();
      const client = createClient(AgentService, createRouterTransport(routesOf(agent)));
      life = {
        agent,
        registry,
        client,
        async kill() {
          agent.engine.halt();
          await registry.close();
          life = undefined;
        },
      };
      return life;
    },
    async deploy(toml, request = {}) {
      return last(
        rig.client.deploy({
          requestId: newRequestId(),
          definition: { toml, file: "test.toml", imageRegistry: "" },
          ...request,
        }),
      );
    },
    async [Symbol.asyncDispose]() {
      await life?.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await rig.boot();
  return rig;
}

let requests = 0;
export const newRequestId = (): string => `test-request-${process.pid}-${++requests}`;

/** The operation as the last update holds it. */
export async function last(
  updates: AsyncIterable<{ readonly update?: OperationUpdate | undefined }>,
): Promise<Operation> {
  let operation: Operation | undefined;
  for await (const { update } of updates)
    if (update?.update.case === "operation") operation = update.update.value;
  if (!operation) throw new Error("the stream held no operation");
  return operation;
}

/** What a test reads of an operation. */
export const summary = (operation: Operation) => ({
  state: Operation_State[operation.state],
  steps: operation.steps.map(({ action }) => action),
  ...(operation.problem && { problem: operation.problem.code }),
});

/** The problem that a request is refused with, before there is an operation. */
export async function refusalOf(work: Promise<unknown>): Promise<ProblemDetail> {
  const thrown = await work.then(
    () => new Error("it was not refused"),
    (error: unknown) => error,
  );
  const [detail] = ConnectError.from(thrown).findDetails(ProblemDetailSchema);
  if (!detail) throw thrown;
  return detail;
}

/** A definition of components that are accepted as soon as they have started. */
export function definition(service: string, ...components: readonly string[]): string {
  const blocks = components.map((component) =>
    component.includes("start_period") ? component : `${component}\nstart_period = "0s"`,
  );
  return `name = "${service}"\n${blocks.map((block) => `[[components]]\n${block}\n`).join("\n")}`;
}

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = Date.now() + 10_000;
  while (!(await isSo())) {
    if (Date.now() > giveUp) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
