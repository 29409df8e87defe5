import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { realClock } from "@mcp/host";
import { expect } from "vitest";
import { spawnAgent } from "../../../apps/agent/test/agent-process.ts";
import { deploy, last, newRequestId, type TestNode } from "../node.ts";
import { vmProcesses } from "../vm-processes.ts";

/** The only address that `mcp-agent network setup` needs not be told. */
export const gateway = "10.99.0.1";

export interface GuestOptions {
  /** What its shell does instead of listening on port 7 for what it is told. */
  readonly does?: string;
  /** More keys of its component. */
  readonly keys?: string;
}

/** A service of one virtual machine, which does on its port 7 what it is told. */
export const guest = (
  node: TestNode,
  service: string,
  { does = "exec nc -ll -p 7 -e /bin/sh", keys = "" }: GuestOptions = {},
): string => `
name = "${service}"
[[components]]
name = "vm"
image = "${node.rig.image}"
runtime = "microvm"
memory = 96
volumes = []
entrypoint = ["/bin/sh", "-c"]
cmd = ["${does}"]
grace = "1s"
start_period = "0s"
${keys}
`;

/** Deploys, says why where that fails, and returns what it noted. */
export async function deployed(node: TestNode, toml: string): Promise<readonly string[]> {
  const { state, problem, notes } = await deploy(node, toml);
  expect({ state, problem: problem?.message }).toEqual({ state: "STATE_SUCCEEDED", problem: undefined });
  return notes ?? [];
}

/** What becomes of a deploy that is refused, or fails. */
export async function failure(node: TestNode, toml: string) {
  const outcome = await deploy(node, toml).then(
    ({ problem }) => problem,
    (thrown: { code?: string; message?: string; hint?: string }) => thrown,
  );
  return { code: outcome?.code, message: outcome?.message, hint: outcome?.hint };
}

export const plan = async (node: TestNode, toml: string) =>
  await node.client.plan({ deploy: { toml, file: "test.toml" } });

export const undeploy = (node: TestNode, service: string) =>
  last(node.client.undeploy({ requestId: newRequestId(), service }));

export async function undeployAll(node: TestNode): Promise<void> {
  for (const { name = "" } of (await node.client.listServices({})).services ?? []) await undeploy(node, name);
}

export const statusOf = async (node: TestNode, service: string) =>
  (await node.client.status({ service })).services?.[0]?.components?.[0];

export const addressOf = async (node: TestNode, service: string) => (await statusOf(node, service))?.address;

/** Its process, and where and since when it runs. */
export async function lives(node: TestNode, service: string) {
  const { instances = [] } = await node.client.liveCheck({});
  const found = instances.find((each) => each.service === service);
  return { pid: Number(found?.pid), startedAt: found?.startedAt, address: found?.address };
}

/** The namespace that the node is in. */
export function here(node: TestNode) {
  if (!node.network) throw new Error("this node has no network of its own");
  return node.network;
}

/** `mcp-agent`, as somebody types it on the node. */
export async function mcpAgent(
  node: TestNode,
  command: string,
  env: Readonly<Record<string, string>> = {},
  words: readonly string[] = [],
) {
  const argv = [...command.split(" "), "--config", node.config];
  const child = spawnAgent(argv, undefined, env, [...here(node).words, ...words]);
  const closed = once(child, "close");
  const [out, err] = await Promise.all([child.stdout, child.stderr].map((each) => (each ? text(each) : "")));
  const [exitCode] = await closed;
  return { exitCode: exitCode as number, said: `${out}${err}` };
}

/** Another `[network]` in the agent's config; the agent knows it once it is started again. */
export async function writeNetwork(node: TestNode, network: string): Promise<void> {
  const config = await readFile(node.config, "utf8");
  await writeFile(node.config, `${config.replace(/\[network\][\s\S]*$/, "")}[network]\n${network}\n`);
}

export async function restartWith(node: TestNode, network: string): Promise<void> {
  await node.end("SIGTERM");
  await writeNetwork(node, network);
  await node.start();
}

/** What the shell on a guest's port 7 prints when it is told this. */
export async function ask(node: TestNode, address: string, script: string): Promise<string> {
  const nc = ["busybox", "nc", address, "7"];
  // Its program runs a moment before it listens.
  for (let tries = 1; ; tries++) {
    try {
      return await here(node).run(nc, `${script}\nexit\n`);
    } catch (thrown) {
      if (tries === 60) throw thrown;
      await realClock.sleep(100);
    }
  }
}

/** Devices, machines in the rules, remembered addresses and processes: what each living machine has, and a dead one must not. */
export async function traces(node: TestNode): Promise<readonly string[]> {
  const network = here(node);
  const rules = await network.try(["nft", "list", "ruleset"]);
  const neighbours = await network.try(["ip", "neigh", "show", "dev", "mcp-br0"]);
  return [
    ...(await network.taps()),
    ...(rules.match(/"mcpt[0-9a-f]{11}"/g) ?? []),
    ...neighbours.split("\n").filter((line) => line.includes("lladdr")),
    ...(await vmProcesses(node.vmState)).map(({ pid, argv }) => `${argv[0]} (pid ${pid})`),
  ];
}

export const untilNoTrace = (node: TestNode) =>
  expect.poll(() => traces(node), { timeout: 20_000, interval: 100 }).toEqual([]);

/** What of the network the doctor does not like. */
export async function complaints(node: TestNode): Promise<string> {
  const { checks } = await node.client.doctor({});
  return (checks ?? [])
    .filter(({ name, outcome }) => name?.startsWith("network:") && outcome !== "OUTCOME_OK")
    .map(({ name, text: said }) => `${name}: ${said}`)
    .join("\n");
}

/** Whether all of our rules are there. */
export async function rulesAreThere(node: TestNode): Promise<boolean> {
  const rules = await here(node).run(["nft", "list", "ruleset"]);
  return ["table bridge mcp", "jump from_guest", "jump to_guest", "table inet mcp", "forward"].every((part) =>
    rules.includes(part),
  );
}
