import { join, resolve } from "node:path";
import type { PodmanHere } from "../podman-here/podman-here.ts";
import { writeOwnFile } from "./own-file.ts";
import { type Places, vmFolders } from "./places.ts";

export const nodeName = "local";

// A JSON string is a TOML string.
const quote = (value: unknown): string => JSON.stringify(value);

/** Write both configs. Returns the paths of those that somebody has changed, and that were left as they are. */
export async function writeConfigs(places: Places, here: PodmanHere): Promise<string[]> {
  const texts = [
    [places.cliConfig, cliConfig(places)],
    [places.agentConfig, agentConfig(places, here)],
  ] as const;
  const kept: string[] = [];
  for (const [path, text] of texts)
    if ((await writeOwnFile(path, text)) === "changed by hand") kept.push(path);
  return kept;
}

const agentConfig = (
  places: Places,
  here: PodmanHere,
): string => `# Paths are best left: tools/quickstart looks there.
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

const cliConfig = (places: Places): string => `# For tools/mcp.
[services]
dir = ${quote(places.services)}

[[nodes]]
name = ${quote(nodeName)}
address = ${quote(`unix:${places.socket}`)}
`;
