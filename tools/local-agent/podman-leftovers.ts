import { readFile, writeFile } from "node:fs/promises";
import { connect } from "@mcp/client";
import { run } from "@mcp/host";
import { contentLabel } from "./hello.ts";
import type { Places } from "./places.ts";

/** The agent's podman runtime puts it on each network that it makes. */
const madeByMcp = "label=mcp.made-by=mcp";

/** Networks that were there before the first agent of this checkout are not ours to remove. */
export async function rememberNetworks(places: Places): Promise<void> {
  const names = await lines("network", "ls", "--format", "{{.Name}}");
  await writeFile(places.networksBefore, JSON.stringify(names), { flag: "wx" }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
}

/** The images that the agent has pulled, as definitions name them; from its last 1 000 operations. It must be running. */
export async function pulledImages(places: Places): Promise<string[]> {
  const agent = connect({ address: `unix:${places.socket}` });
  try {
    const { operations = [] } = await agent.listOperations({ limit: 1_000 });
    const pulls = operations
      .flatMap(({ steps = [] }) => steps)
      .filter(({ action, state }) => action === "pull" && state === "STATE_DONE");
    return [...new Set(pulls.map(({ subject = "" }) => subject))];
  } finally {
    agent.close();
  }
}

/**
 * Remove hello's images, those that were pulled, and the networks that were made. Another checkout may use the same:
 * podman refuses to remove what is in use, and then it stays.
 *
 * @returns the names of what is gone.
 */
export async function removeFromPodman(places: Places, pulled: readonly string[]): Promise<string[]> {
  const removed: string[] = [];
  const remove = async (name: string, ...argv: string[]): Promise<void> => {
    const { exitCode } = await run(["podman", ...argv, name], { anyExitCode: true });
    if (exitCode === 0) removed.push(name);
  };
  for (const image of pulled) {
    const [id] = await lines("image", "inspect", "--format", "{{.Id}}", image);
    await remove(image, "rmi");
    // The agent pulls by digest, which is a name of its own that stays when the tag is taken off.
    if (id !== undefined) await run(["podman", "rmi", id], { anyExitCode: true });
  }
  const hellos = await lines("images", "--filter", `label=${contentLabel}`, "--format", imageName);
  for (const image of hellos) await remove(image, "rmi");
  const before = await networksBefore(places);
  for (const network of await lines("network", "ls", "--filter", madeByMcp, "--format", "{{.Name}}"))
    if (!before.includes(network)) await remove(network, "network", "rm");
  return removed;
}

/** One that was built anew under its name has lost it, and goes by its id. */
const imageName = '{{if eq .Tag "<none>"}}{{.ID}}{{else}}{{.Repository}}:{{.Tag}}{{end}}';

async function networksBefore(places: Places): Promise<readonly string[]> {
  const text = await readFile(places.networksBefore, "utf8").catch(() => "[]");
  return JSON.parse(text) as string[];
}

async function lines(...argv: string[]): Promise<string[]> {
  const { stdout } = await run(["podman", ...argv], { anyExitCode: true });
  return stdout.split("\n").filter((line) => line !== "");
}
