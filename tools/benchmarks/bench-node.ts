import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "@mcp/host";
import { type PodmanRig, startPodmanRig } from "../../packages/runtime-podman/test/rig.ts";
import { guestKernel } from "../../packages/runtime-qemu/test/guest-kernel.ts";
import { removeVms } from "../../test/e2e/remove-vms.ts";

const checkout = join(import.meta.dirname, "../..");

/** A node to measure on: podman with a store of its own, and the bundled agent and CLI as they are released. */
export interface BenchNode {
  readonly rig: PodmanRig;
  readonly agentPid: number;
  /** Run the bundled `mcp`. */
  mcp(...argv: readonly string[]): Promise<string>;
  /** Run podman's own command line, over the same store. */
  podman(...argv: readonly string[]): Promise<string>;
  /** Write a definition where `mcp deploy NAME` finds it. */
  define(name: string, toml: string): Promise<void>;
  readonly address: string;
  /** The agent's database. */
  readonly database: string;
  /** Of the guest images. */
  readonly imageDir: string;
  startAgent(): Promise<void>;
  killAgent(): Promise<void>;
  /** MiB of the agent that are in memory. */
  agentMemoryMiB(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startBenchNode(): Promise<BenchNode> {
  const rig = await startPodmanRig();
  const folder = join(rig.folder, "bench");
  const services = join(folder, "services");
  await mkdir(services, { recursive: true });
  const socket = join(folder, "agent.sock");
  const [vmState, imageDir] = [join(folder, "vm-state"), join(folder, "images")];
  await writeFile(
    join(folder, "agent.toml"),
    `[agent]\nnode = "bench"\n[server]\nsocket = "${socket}"\n[database]\npath = "${folder}/mcp.db"\n` +
      `[podman]\nsocket = "${rig.socket}"\nulimits = ${JSON.stringify(rig.ulimits)}\n` +
      `[vm]\nstate_dir = "${vmState}"\nimage_dir = "${imageDir}"\n` +
      `${process.getuid?.() === 0 ? 'user = "nobody"\n' : ""}[vm.linux]\nkernel = "${guestKernel.paths.kernel ?? ""}"\n`,
  );
  await writeFile(
    join(folder, "mcp.toml"),
    `[services]\ndir = "${services}"\n[[nodes]]\nname = "bench"\naddress = "unix:${socket}"\n`,
  );
  // The bundles' own first lines choose node, and its flags: this node.
  const path = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const environment = {
    MCP_CONFIG: join(folder, "mcp.toml"),
    // Of its own: another build that runs on this machine meanwhile would take away what is kept of this one.
    MCP_CACHE_DIR: join(folder, "cache"),
    NO_COLOR: "1",
    ...path,
  };
  let agent: ChildProcess | undefined;
  const node: BenchNode = {
    rig,
    address: `unix:${socket}`,
    database: join(folder, "mcp.db"),
    imageDir,
    get agentPid() {
      return agent?.pid ?? 0;
    },
    mcp: async (...argv) =>
      (
        await run([process.execPath, join(checkout, "apps/cli/bin/mcp.js"), ...argv], {
          env: environment,
          timeoutMs: 120_000,
        })
      ).stdout,
    podman: async (...argv) => (await run(["podman", ...argv], { env: rig.env, timeoutMs: 120_000 })).stdout,
    define: (name, toml) => writeFile(join(services, `${name}.toml`), toml),
    async startAgent() {
      agent = spawn(
        join(checkout, "apps/agent/bin/mcp-agent.js"),
        ["server", "--config", join(folder, "agent.toml")],
        {
          stdio: ["ignore", "ignore", "pipe"],
          env: { ...process.env, ...path },
        },
      );
      const log = agent.stderr;
      if (!log) throw new Error("the agent has no log");
      for await (const chunk of log) if (String(chunk).includes('"msg":"serving"')) break;
    },
    async killAgent() {
      if (!agent || agent.exitCode !== null || agent.signalCode !== null) return;
      const gone = once(agent, "exit");
      agent.kill("SIGKILL");
      await gone;
    },
    async agentMemoryMiB() {
      const status = await readFile(`/proc/${agent?.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    },
    async [Symbol.asyncDispose]() {
      await node.killAgent();
      await removeVms(vmState);
      await rig.close();
    },
  };
  await node.startAgent();
  return node;
}

/** One component that answers over HTTP, on a host port of its own. */
export const answering = (rig: PodmanRig, name: string, port: number): string => `
[[components]]
name = "${name}"
image = "${rig.image}"
entrypoint = ["/bin/httpd"]
cmd = ["-f", "-p", "8080", "-h", "/www"]
ports = ["127.0.0.1:${port}:8080"]
volumes = []
start_period = "0s"
grace = "0s"
`;

/** The same for `podman run`. */
export const answeringArguments = (rig: PodmanRig, name: string, port: number): string[] => [
  ...["--name", name, "--network", "mcpnet", "-p", `127.0.0.1:${port}:8080`, "--entrypoint", "/bin/httpd"],
  ...[rig.image, "-f", "-p", "8080", "-h", "/www"],
];

/** Until every port gives an answer. */
export async function allAnswer(ports: readonly number[]): Promise<void> {
  const giveUp = performance.now() + 60_000;
  await Promise.all(
    ports.map(async (port) => {
      for (;;) {
        try {
          await (await fetch(`http://127.0.0.1:${port}/`)).text();
          return;
        } catch (thrown) {
          if (performance.now() > giveUp) throw thrown;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    }),
  );
}
