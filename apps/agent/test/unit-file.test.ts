import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const app = join(import.meta.dirname, "..");
const unit = await readFile(join(app, "mcp-agent.service"), "utf8");
const program = "/srv/mcp/agent/node_modules/.bin/mcp-agent";

/** The values of a key, in their order. */
const values = (key: string): string[] =>
  unit.split("\n").flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));

describe("the systemd unit", () => {
  it("starts the agent from where docs/agent.md installs it, with the config that it asks for", async () => {
    const page = await readFile(join(app, "../../docs/agent.md"), "utf8");
    expect(page).toContain("npm install --prefix /srv/mcp/agent ");
    expect(values("ExecStart")).toEqual([`${program} server --config /srv/mcp/mcp-agent.toml`]);
    expect(values("AssertPathExists")).toEqual(["/srv/mcp/mcp-agent.toml"]);
    expect(page).toContain("/srv/mcp/mcp-agent.toml");
  });

  it("ends the agent alone, and keeps its socket's folder over a restart", () => {
    expect(values("KillMode")).toEqual(["process"]);
    expect(values("RuntimeDirectory")).toEqual(["mcp"]);
    expect(values("RuntimeDirectoryPreserve")).toEqual(["yes"]);
  });

  it("takes nothing from the agent that the containers it starts would miss", () => {
    // Inherited by every container, or the end of the mounts that the host shares with them.
    const harmful =
      /^(NoNewPrivileges|SystemCall|Restrict|LockPersonality|MemoryDeny|Protect|Private(?!Network=no)|ReadOnly|Inaccessible|RootDirectory)\w*=/m;
    expect(unit).not.toMatch(harmful);
  });

  const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
  it.skipIf(!analyze)("is one that systemd understands", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcp-unit-"));
    try {
      const path = join(folder, "mcp-agent.service");
      // Verifying looks whether the program is there, which on this machine it need not be.
      await writeFile(path, unit.replace(program, process.execPath));
      const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", path], {
        encoding: "utf8",
      });
      expect([stderr, status]).toEqual(["", 0]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
