import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@mcp/base";
import { run } from "@mcp/host";
import { podmanEnvironment, podmanHere } from "../podman-here/podman-here.ts";
import { line, stage } from "../terminal/stage.ts";
import { findAgent, startAgent, stopAgent } from "./agent-process.ts";
import { mcpJson } from "./cli.ts";
import { helloImage } from "./hello.ts";
import type { Places } from "./places.ts";

/** Remove all that `up` made, in the other order. The tools that were brought stay, unless `all`. */
export async function down(places: Places, all: boolean): Promise<void> {
  if (await exists(places.database)) await undeployAll(places);
  await stopTheAgent(places);
  await cleanPodman(places);
  const files = stage("files");
  const kept = all ? [] : ["toolchain", "install.lock"];
  const names = await readdir(places.state);
  for (const name of names.filter((one) => !kept.includes(one)))
    await rm(join(places.state, name), { recursive: true, force: true });
  await rm(places.run, { recursive: true, force: true });
  if (all) await rm(places.state, { recursive: true, force: true });
  files.tick(all ? ".mcp: removed" : ".mcp: removed, but for the toolchain (--all removes that too)");
  line();
  line("Gone. What was installed on this machine by apt-get stays.");
}

/** By the agent, which alone knows what is its own: another agent's workloads carry the same labels. */
async function undeployAll(places: Places): Promise<void> {
  const services = stage("services");
  if (!(await findAgent(places))) await startAgain(places);
  const found = await mcpJson<{ readonly services: readonly { readonly name: string }[] }>(places, "list");
  for (const { name } of found.services) {
    services.progress(name);
    await mcpJson(places, "undeploy", name);
  }
  services.tick(`services: ${found.services.map(({ name }) => name).join(", ") || "none"} undeployed`);
}

async function startAgain(places: Places): Promise<void> {
  const here = await podmanHere(places.state, (name) => {
    throw new Problem("tool_missing", `podman needs ${name} here`, `install it: apt-get install ${name}`);
  });
  await startAgent(places, podmanEnvironment(here));
}

async function stopTheAgent(places: Places): Promise<void> {
  const agent = stage("agent");
  const running = await findAgent(places);
  if (running) await stopAgent(places, running);
  agent.tick(running ? "agent: stopped, and the podman service it had started" : "agent: did not run");
}

async function cleanPodman(places: Places): Promise<void> {
  const podman = stage("image and network");
  await run(["podman", "rmi", "--force", helloImage], { anyExitCode: true });
  const network = (await readFile(places.madeNetwork, "utf8").catch(() => "")).trim();
  // Refused while anything uses it, and then it stays.
  if (network) await run(["podman", "network", "rm", network], { anyExitCode: true });
  podman.tick("hello's image and the network mcpnet: removed");
}

const exists = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  );
