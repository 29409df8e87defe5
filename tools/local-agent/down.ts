import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@mcp/base";
import { run } from "@mcp/host";
import { podmanEnvironment, podmanHere } from "../podman-here/podman-here.ts";
import { line, stage } from "../terminal/stage.ts";
import { findAgent, startAgent, stopAgent } from "./agent-process.ts";
import { mcpJson } from "./cli.ts";
import { agentSaid, filesSaid, podmanSaid, servicesSaid } from "./down-said.ts";
import type { Places } from "./places.ts";
import { pulledImages, removeFromPodman } from "./podman-leftovers.ts";
import { removeVms } from "./vm-leftovers.ts";

/** By tools/lib, not by `up`. */
const brought = ["toolchain", "guest-kernel", "install.lock"];

/** Remove all that `up` made, in the other order. The tools that were brought stay, unless `all`. */
export async function down(places: Places, all: boolean): Promise<void> {
  const pulled = (await exists(places.database)) ? await undeployAll(places) : [];
  await stopTheAgent(places);
  const vms = stage("virtual machines");
  const orphans = await removeVms(places);
  if (orphans.length > 0) vms.tick(`virtual machines that no agent knew of: ${orphans.join(", ")} removed`);
  const podman = stage("images and networks");
  const removed = await removeFromPodman(places, pulled);
  podman.tick(podmanSaid(removed));
  await leaveOwnRuntimeFolder();
  const files = stage("files");
  const names = await readdir(places.state);
  const kept = all ? [] : names.filter((name) => brought.includes(name));
  for (const name of names.filter((one) => !kept.includes(one)))
    await rm(join(places.state, name), { recursive: true, force: true });
  await rm(places.run, { recursive: true, force: true });
  if (places.vm !== places.state) await rm(places.vm, { recursive: true, force: true });
  if (all) await rm(places.state, { recursive: true, force: true });
  files.tick(filesSaid(kept.filter((name) => !name.includes("."))));
  line();
  line("What tools/quickstart started is gone. What apt-get installed on this machine stays.");
}

/**
 * By the agent, which alone knows what is its own: another agent's workloads carry the same labels.
 * @returns the images that it has pulled for them.
 */
async function undeployAll(places: Places): Promise<string[]> {
  const services = stage("services");
  if (!(await findAgent(places))) await startAgain(places);
  const found = await mcpJson<{ readonly services: readonly { readonly name: string }[] }>(places, "list");
  for (const { name } of found.services) {
    services.progress(name);
    await mcpJson(places, "undeploy", name);
  }
  services.tick(servicesSaid(found.services.map(({ name }) => name)));
  return pulledImages(places);
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
  // One that an agent started which was then killed is nobody's child; the next agent uses it, and leaves it running.
  const ended = await endPodmanService(`unix://${join(places.run, "podman/podman.sock")}`);
  agent.tick(agentSaid(running !== undefined, ended));
}

/** End a `podman system service` that listens on this address, told by its arguments. Whether there was one. */
async function endPodmanService(address: string): Promise<boolean> {
  for (const pid of await readdir("/proc")) {
    const argv = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const words = argv.split("\0");
    if (!words.includes(address) || !words.includes("service")) continue;
    process.kill(Number(pid), "SIGTERM");
    return true;
  }
  return false;
}

/** The folder made for a user without a login session, once podman of that user has nothing left there. */
async function leaveOwnRuntimeFolder(): Promise<void> {
  const folder = process.env.MCP_OWN_RUNTIME_FOLDER;
  if (!folder?.startsWith("/tmp/")) return;
  const { stdout: containers } = await run(["podman", "ps", "--all", "--quiet"], { anyExitCode: true });
  if (containers.trim() !== "" || (await isRunByMe("podman"))) return;
  // Ends the process that keeps podman's user namespace.
  await run(["podman", "system", "migrate"], { anyExitCode: true });
  await rm(folder, { recursive: true, force: true });
}

async function isRunByMe(name: string): Promise<boolean> {
  for (const pid of await readdir("/proc")) {
    const found = await stat(`/proc/${pid}/comm`).catch(() => undefined);
    if (found?.uid !== process.getuid?.()) continue;
    // It may have ended meanwhile.
    const comm = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    if (comm.trim() === name) return true;
  }
  return false;
}

const exists = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  );
