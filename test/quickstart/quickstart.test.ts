import { appendFile, cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { files, root } from "../architecture/tree.ts";
import { workspaceStore } from "../pnpm-store.ts";

let checkout: string;
let port: number;
let store: Record<string, string>;

/** A tool of the fresh checkout, as somebody types it: nothing on standard input, podman as the machine has it. */
const tool = (name: string, ...args: string[]) =>
  run([join(checkout, "tools", name), ...args], {
    env: { CONTAINERS_CONF: undefined, MCP_CONFIG: undefined, ...store },
    timeoutMs: 300_000,
  });

beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), "mcp-checkout-"));
  for (const file of files) await cp(join(root, file), join(checkout, file));
  port = await freePort();
  store = await workspaceStore();
});
afterAll(async () => {
  await tool("quickstart", "--down", "--all");
  await rm(checkout, { recursive: true, force: true });
}, 120_000);

const hasQemu =
  (await run(["sh", "-c", "command -v qemu-system-x86_64"], { anyExitCode: true })).exitCode === 0;

/** Also a test of QEMU's user, who may not pass through the folder of a fresh checkout where that is root's. */
describe("tools/quickstart, in a fresh checkout", () => {
  it("installs, builds, and ends with hello answering over HTTP", async () => {
    const { stdout } = await tool("quickstart", "--port", String(port));
    expect(stdout).toContain(`http://127.0.0.1:${port}/ says: Hello from MCP`);
    expect(await page(port)).toContain("Hello from MCP");
  });

  it("has hello answer from a virtual machine too, by another kernel", async ({ skip }) => {
    if (!hasQemu) skip("QEMU is not installed (apt install qemu-system-x86)");
    const kernel = async (at: number) => /<b>Linux (.*?)</.exec(await page(at))?.[1];
    expect(await kernel(port)).toMatch(/^\d/);
    expect(await kernel(port + 1)).toMatch(/^\d/);
    expect(await kernel(port + 1)).not.toBe(await kernel(port));
    const { stdout } = await tool("mcp", "ps");
    expect(stdout).toMatch(new RegExp(`^hello-vm .* microvm +running .*:${port + 1}:8080$`, "m"));
  });

  it("changes nothing when it is typed again, and says so", async () => {
    const before = await instances();
    const { stdout } = await tool("quickstart");
    expect(stdout).toContain("Nothing has changed");
    expect(await instances()).toEqual(before);
  });

  it("keeps what somebody has changed in the agent's config, heeds it, and says so", async () => {
    const before = await instances();
    const config = join(checkout, ".mcp/mcp-agent.toml");
    await appendFile(config, '\n[log]\nlevel = "debug"\n');
    const { stdout } = await tool("quickstart");
    expect(stdout).toContain(".mcp/mcp-agent.toml was changed by hand and is left as it is");
    expect(stdout).toContain("agent: started again, since it is another build or config");
    expect(await readFile(config, "utf8")).toContain('\nlevel = "debug"\n');
    expect(await instances()).toEqual(before);
  });

  it("leaves an agent that tools/mcp talks to", async () => {
    const { stdout } = await tool("mcp", "status");
    expect(stdout).toMatch(/hello\s+r1\s+hello\s+running\s+running/);
  });

  it("has the agent's own commands as tools/mcp-agent", async () => {
    const copy = join(checkout, ".mcp/copy.db");
    await tool("mcp-agent", "snapshot", "--to", copy);
    expect((await stat(copy)).size).toBeGreaterThan(0);
  });

  it("has hints that can be typed in the checkout", async () => {
    const failed = run(["tools/mcp", "stauts"], { cwd: checkout, env: { MCP_CONFIG: undefined } });
    await expect(failed).rejects.toThrow("did you mean: tools/mcp status");
  });

  it("has a plugin that can be linked as its page says, without a build before", async () => {
    await tool("mcp", "plugins", "link", join(checkout, "examples/plugin-hello"));
    expect((await tool("mcp", "hello", "ada")).stdout).toBe("hello, ada\n");
  });

  it("removes all that it made with --down, also after kill -9 of the agent", async () => {
    const before = await instances();
    expect(before[0]).toMatch(/^hello\./);
    const network = `mcp-test-${process.pid}`;
    const side = hello
      .replace(/^name = "hello"$/m, 'name = "side"')
      .replace(/^ports.*$/m, `network = "${network}"`);
    await writeFile(join(checkout, ".mcp/side.toml"), side);
    await tool("mcp", "deploy", "--file", join(checkout, ".mcp/side.toml"));
    expect(await exists("network", network)).toBe(true);
    const vms = await keepers();
    expect(vms).toHaveLength(hasQemu ? 1 : 0);
    await killAgent();
    await tool("quickstart", "--down");
    expect(await keepers()).toEqual([]);
    expect(await exists("network", network)).toBe(false);
    await expect(page(port)).rejects.toThrow();
    await expect(page(port + 1)).rejects.toThrow();
    expect(await exists("container", String(before[0]))).toBe(false);
    await expect(stat(join(checkout, ".mcp/mcp.db"))).rejects.toThrow("ENOENT");
  });

  it("has nothing to do for --down after that", async () => {
    const { stdout } = await tool("quickstart", "--down");
    expect(stdout).toContain("agent: did not run");
  });
});

const hello = await readFile(join(root, "examples/hello/hello.toml"), "utf8");

/** Whether podman has one of that name. */
async function exists(what: "container" | "network", name: string): Promise<boolean> {
  return (await run(["podman", what, "exists", name], { anyExitCode: true })).exitCode === 0;
}

/** What this agent runs; `ps` would also show what others on this machine do. */
async function instances(): Promise<(string | null)[]> {
  const { stdout } = await tool("mcp", "status", "--json");
  const { services } = JSON.parse(stdout) as { services: { components: { instance: string | null }[] }[] };
  return services.flatMap(({ components }) => components.map(({ instance }) => instance));
}

const page = async (at: number): Promise<string> => (await fetch(`http://127.0.0.1:${at}/`)).text();

async function killAgent(): Promise<void> {
  const { pid } = JSON.parse(await readFile(join(checkout, ".mcp/agent.json"), "utf8")) as { pid: number };
  process.kill(pid, "SIGKILL");
}

/** Of the virtual machines of this checkout, whose state folder is in their arguments. */
async function keepers(): Promise<string[]> {
  const config = await readFile(join(checkout, ".mcp/mcp-agent.toml"), "utf8").catch(() => undefined);
  stateDir ??= /^state_dir = "(.*)"$/m.exec(config ?? "")?.[1];
  if (stateDir === undefined) throw new Error("the agent's config names no state_dir");
  const found = await run(["pgrep", "--full", "--", `mcp-vm-keeper ${stateDir}/`], { anyExitCode: true });
  return found.stdout.split("\n").filter((pid) => pid !== "");
}
let stateDir: string | undefined;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
