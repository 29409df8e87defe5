import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@mcp/host";
import type { PodmanHere } from "../podman-here/podman-here.ts";
import { type Places, vmFolders } from "./places.ts";

export const nodeName = "local";

// A JSON string is a TOML string.
const quote = (value: unknown): string => JSON.stringify(value);

/** Write both configs. True if the agent's differs from what it was. */
export async function writeConfigs(places: Places, here: PodmanHere): Promise<boolean> {
  await writeIfNew(places.cliConfig, cliConfig(places));
  return writeIfNew(places.agentConfig, agentConfig(places, here));
}

const agentConfig = (
  places: Places,
  here: PodmanHere,
): string => `# Written by tools/quickstart, each time that it runs: what is changed here is lost then.
[agent]
node = ${quote(nodeName)}

[server]
socket = ${quote(places.socket)}

[database]
path = ${quote(places.database)}

[volumes]
allow = ${quote(["/srv", join(places.state, "srv")])}

[podman]
ulimits = ${quote(here.ulimits)}

[vm]
state_dir = ${quote(vmFolders(places).state)}
image_dir = ${quote(vmFolders(places).images)}
${isRoot ? `# No account is made for a quickstart. A node has one of its own: see docs/agent.md.\nuser = "nobody"\n` : ""}${vmKernel}`;

const isRoot = process.getuid?.() === 0;

/** Without one, the agent looks for this machine's own. */
const vmKernel = process.env.MCP_GUEST_KERNEL
  ? `\n[vm.linux]\nkernel = ${quote(resolve(process.env.MCP_GUEST_KERNEL))}\n`
  : "";

const cliConfig = (places: Places): string => `# Written by tools/quickstart, for tools/mcp.
[services]
dir = ${quote(places.services)}

[[nodes]]
name = ${quote(nodeName)}
address = ${quote(`unix:${places.socket}`)}
`;

async function writeIfNew(path: string, text: string): Promise<boolean> {
  const old = await readFile(path, "utf8").catch(() => undefined);
  if (old === text) return false;
  await writeFileAtomic(path, text, { mode: 0o600 });
  return true;
}
