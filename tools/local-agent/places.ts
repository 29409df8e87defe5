import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
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
    networksBefore: join(state, "networks-before.json"),
  };
}

/** Another checkout of the same user must not meet it: its name has the checkout's path in it. */
function shortRunFolder(checkout: string): string {
  const hash = createHash("sha256").update(checkout).digest("hex").slice(0, 12);
  const parent = process.env.XDG_RUNTIME_DIR ?? "/tmp";
  return join(parent, `mcp-${process.getuid?.() ?? 0}-${hash}`);
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
