import { createServer, type Server } from "node:net";
import type { WorkloadExit } from "@mcp/runtime";
import type { ConfiguredStage } from "../src/boot/stage.ts";
import type { Deps } from "../src/index.ts";
import { definition, openRig, type Rig, type RigOptions, until } from "./rig.ts";

/** A rig whose machine can be booted anew. */
export interface Machine {
  readonly rig: Rig;
  /** Everything on it ends at once, the agent too; a new agent finds another boot id. */
  reboot(more?: Partial<Deps>, meanwhile?: () => Promise<void> | void): Promise<void>;
  /**
   * In order: programs and the agent are asked to end at the same time, and each does so with this code, some before the agent
   * has heard of it and some after. Then as `reboot`.
   */
  shutDown(code: number): Promise<void>;
  /** `kill -9` of the agent, and a new one in the same boot. */
  killAgent(): Promise<void>;
  /** Service names in the order in which they were started, since the last reboot. */
  started(): string[];
  /** The texts of the boot's events, oldest first. */
  told(): Promise<string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param services  deployed before the first reboot, each with one component that runs on. */
export async function openMachine(services: readonly string[], options: RigOptions = {}): Promise<Machine> {
  let boots = 1;
  let deps: Partial<Deps> = {};
  const rig = await openRig({ intervalMs: 200, bootId: async () => `boot-${boots}`, ...options });
  for (const service of services) {
    rig.host.addImage(imageOf(service));
    await rig.deploy(running(service));
  }
  const machine: Machine = {
    rig,
    async reboot(more = {}, meanwhile = () => {}) {
      await rig.life.kill();
      rig.host.reboot();
      boots++;
      rig.host.calls.length = 0;
      await meanwhile();
      deps = more;
      await rig.boot(deps);
    },
    async shutDown(code) {
      const { host, life } = rig;
      const [first = "", ...rest] = host.running;
      host.exit(first, code);
      await until("the agent has seen that end", async () => {
        const { lastExit } = (await life.registry.instance(first)) ?? {};
        return (lastExit as WorkloadExit | undefined)?.code === code;
      });
      await Promise.all([life.agent.stop(), ...rest.map(async (name) => host.exit(name, code))]);
      await machine.reboot();
    },
    async killAgent() {
      await rig.life.kill();
      await rig.boot(deps);
    },
    started: () =>
      rig.host.calls.filter(({ call }) => call === "start").map(({ subject }) => subject.split(".")[0] ?? ""),
    async told() {
      const { events } = await rig.client.listEvents({ limit: 1_000 });
      return events.filter(({ kind }) => kind.startsWith("boot_")).map(({ text }) => text);
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
  return machine;
}

/** What is wrong with the boot at present. */
export const conditions = ({ rig }: Machine) =>
  rig.life.agent.engine.conditions.all().filter(({ code }) => code.startsWith("boot_"));

export const imageOf = (service: string): string => `localhost/${service}:1`;

export const running = (service: string, more = ""): string =>
  definition(service, `name = "${service}"\nimage = "${imageOf(service)}"\n${more}`);

export const stage = (
  name: string,
  services: readonly string[],
  more: Partial<ConfiguredStage> = {},
): ConfiguredStage => ({
  name,
  services,
  timeoutMs: 60_000,
  blocks: name === "foundation",
  definitions: [],
  ...more,
});

/** Accepts connections and keeps them. */
export async function listener(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  return { server, port: address.port };
}
