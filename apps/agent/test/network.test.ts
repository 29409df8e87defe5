import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** The real commands, each as a process, in a network of the test's own. */

const main = new URL("../src/main.ts", import.meta.url).pathname;
const script = `const { main } = await import(${JSON.stringify(main)}); process.exitCode = await main(process.argv.slice(1), process.env);`;
const node = ["--conditions=@mcp/source", "--import", "tsx", "--input-type=module", "-e", script, "--"];

const trial = await run(["unshare", "--net", "nft", "list", "tables"], { anyExitCode: true }).catch(
  ({ message }: Error) => ({ exitCode: 1, stderr: message }),
);
const missing = trial.exitCode === 0 ? "" : `: skipped, since ${trial.stderr.trim()}`;

let folder: string;
let holder: ReturnType<typeof spawn>;

/** @param words  before the program, such as `setpriv` to take something from it. */
async function network(word: string, config = "", words: readonly string[] = []) {
  const file = join(folder, "agent.toml");
  const own = (name: string) => JSON.stringify(join(folder, name));
  await writeFile(
    file,
    `[agent]\nnode = "rift"\n[server]\nsocket = ${own("agent.sock")}\n[vm]\nstate_dir = ${own("vms")}\nimage_dir = ${own("images")}\n[network]\n${config}\n`,
  );
  const command = [process.execPath, ...node, "network", word, "--config", file];
  const inside = ["nsenter", `--net=/proc/${holder.pid}/ns/net`, ...words, ...command];
  const { exitCode, stdout, stderr } = await run(inside, { anyExitCode: true });
  return { exitCode, stdout, stderr: stderr.split("\n")[0] };
}

const ip = (...argv: readonly string[]) =>
  run(["nsenter", `--net=/proc/${holder.pid}/ns/net`, "ip", ...argv], { anyExitCode: true });

describe.skipIf(missing !== "")(`mcp-agent network${missing}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-network-"));
    holder = spawn("unshare", ["--net", "sh", "-c", "echo; exec sleep 600"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    // It is in its namespace before it says anything.
    await new Promise((resolve) => holder.stdout?.once("data", resolve));
  });
  afterAll(async () => {
    holder?.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  it("makes the bridge and the rules once, shows them, and takes them away once", async () => {
    expect(await network("status")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^there is no bridge mcp-br0: virtual machines have user networking\n/),
    });
    const allow = 'allow = ["8443", "53/udp"]';
    expect(await network("setup", allow)).toMatchObject({
      exitCode: 0,
      stdout: "made the bridge mcp-br0 with 10.99.0.1/24\nset the rules\n",
    });
    expect(await network("setup", allow)).toMatchObject({
      exitCode: 0,
      stdout: "mcp-br0 is set up already\n",
    });
    expect(await network("status", allow)).toMatchObject({
      exitCode: 0,
      stdout: "bridge: mcp-br0, 10.99.0.1/24\nallowed: 8443/tcp, 53/udp\nno virtual machine is on it\n",
    });
    expect(await network("teardown")).toMatchObject({
      exitCode: 0,
      stdout: "took the bridge mcp-br0 away\ntook the rules away\n",
    });
    expect(await network("teardown")).toMatchObject({ exitCode: 0, stdout: "mcp-br0 is not there\n" });
  });

  it("says what is wrong with a bridge of somebody else, by its exit code too", async () => {
    await ip("link", "add", "br9", "type", "bridge");
    expect(await network("status", 'bridge = "br9"')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("br9 has no IPv4 address"),
    });
    await ip("address", "add", "10.97.0.1/24", "dev", "br9");
    const other = await network("setup", 'bridge = "br9"');
    expect(other).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("br9 has 10.97.0.1/24 already"),
    });
    await ip("link", "del", "br9");
    expect(await network("status", 'bridge = "br9"')).toMatchObject({
      exitCode: 3,
      stderr: "error: there is no bridge br9 on this host",
    });
  });

  it("does nothing where the config turns the bridge off", async () => {
    for (const word of ["setup", "status", "teardown"])
      expect(await network(word, 'bridge = ""')).toMatchObject({
        exitCode: 0,
        stdout: "the config turns the bridge off: [network] bridge is empty\n",
      });
    expect((await ip("-o", "link")).stdout).not.toContain("mcp-br0");
  });

  it("says how to be permitted, where it is not", async () => {
    const without = ["setpriv", "--bounding-set=-net_admin"];
    expect(await network("setup", "", without)).toMatchObject({
      exitCode: 8,
      stderr: expect.stringContaining("CAP_NET_ADMIN"),
    });
  });

  it("needs one of its words", async () => {
    expect(await network("set-up")).toMatchObject({
      exitCode: 2,
      stderr: "error: there is no command network set-up",
    });
  });
});
