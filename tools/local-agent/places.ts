import { createHash } from "node:crypto";
import { lstat, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { longestSocketPath, Problem } from "@mcp/base";

/** Where the local agent keeps what. */
export interface Places {
  readonly checkout: string;
  /** `.mcp` in the checkout. */
  readonly state: string;
  /** For sockets: `.mcp/run`, or a shorter path where that would be too long. */
  readonly run: string;
  readonly socket: string;
  readonly agentConfig: string;
  readonly agentLog: string;
  readonly agentProcess: string;
  readonly cliConfig: string;
  readonly database: string;
  /** Definitions that `tools/mcp deploy <name>` finds. */
  readonly services: string;
  /** Where virtual machines and their images lie; a user whom root runs QEMU as can pass through all that is above. */
  readonly vm: string;
  /** The names of podman's networks when the first agent was started. */
  readonly networksBefore: string;
}

/** The longest of the names that sockets have in the run folder. */
const longestName = "podman/podman.sock";

/** Names the places, and makes the folders among them. */
export async function openPlaces(checkout: string): Promise<Places> {
  const state = join(checkout, ".mcp");
  const own = join(state, "run");
  const fits = Buffer.byteLength(join(own, longestName)) <= longestSocketPath;
  const run = fits ? own : shortRunFolder(checkout);
  await makePrivate(run);
  const services = join(state, "services");
  const vm = (await mayBePassed(state)) ? state : `/var/lib/${ownName(checkout)}`;
  await mkdir(services, { recursive: true });
  return {
    checkout,
    state,
    run,
    socket: join(run, "agent.sock"),
    agentConfig: join(state, "mcp-agent.toml"),
    agentLog: join(state, "agent.log"),
    agentProcess: join(state, "agent.json"),
    cliConfig: join(state, "mcp.toml"),
    database: join(state, "mcp.db"),
    services,
    vm,
    networksBefore: join(state, "networks-before.json"),
  };
}

function shortRunFolder(checkout: string): string {
  return join(process.env.XDG_RUNTIME_DIR ?? "/tmp", ownName(checkout));
}

/** Another checkout of the same user must not meet what has this name: it has the checkout's path in it. */
function ownName(checkout: string): string {
  const hash = createHash("sha256").update(checkout).digest("hex").slice(0, 12);
  return `mcp-${process.getuid?.() ?? 0}-${hash}`;
}

/** Whether any user may pass through a folder and all above it. Asked by root alone: others run QEMU as themselves. */
async function mayBePassed(folder: string): Promise<boolean> {
  if (process.getuid?.() !== 0) return true;
  for (let path = folder; ; path = dirname(path)) {
    if (((await stat(path)).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/** In a folder that everybody may write to, somebody else could have made it first. */
async function makePrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await lstat(folder);
  const isOurs = uid === process.getuid?.() && (mode & 0o077) === 0;
  if (isOurs) return;
  throw new Problem(
    "permission_denied",
    `${folder} belongs to somebody else, or others may look into it`,
    `remove it, or type: chmod 0700 ${folder}`,
  );
}

/** As the agent's config names them. */
export const vmFolders = ({ vm }: Places): { readonly state: string; readonly images: string } => ({
  state: join(vm, "vm-state"),
  images: join(vm, "images"),
});
