import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rig } from "./rig.ts";

const mcp = rig();

const startIt = "start it: mcp-agent server --config /srv/mcp/mcp-agent.toml, or: systemctl start mcp-agent";

describe("an agent that cannot be reached", () => {
  it("is not there", async () => {
    await mcp.cli.configure("unix:/nonexistent/agent.sock");
    expect(await mcp.failure("status")).toEqual([
      `error: no agent is running here: there is no /nonexistent/agent.sock [agent_unreachable]\n  → ${startIt}\n`,
      6,
    ]);
    expect(await mcp.cli.run("status --json")).toEqual({
      stdout: `${JSON.stringify(
        {
          problem: {
            code: "agent_unreachable",
            message: "no agent is running here: there is no /nonexistent/agent.sock",
            hint: startIt,
          },
        },
        null,
        2,
      )}\n`,
      stderr: "",
      exit: 6,
    });
  });

  it("is started as it is where mcp was called by another name", async () => {
    await mcp.cli.configure("unix:/nonexistent/agent.sock");
    const env = { MCP_COMMAND: "tools/mcp", MCP_AGENT_START: "tools/quickstart" };
    expect((await mcp.failure("status", { env }))[0]).toContain("\n  → start it: tools/quickstart\n");
    const json = await mcp.cli.run("status --json", { env });
    expect(JSON.parse(json.stdout).problem.hint).toBe("start it: tools/quickstart");
    expect((await mcp.failure("stauts", { env }))[0]).toContain("did you mean: tools/mcp status\n");
    expect((await mcp.cli.run("logs --help", { env })).stdout).toContain("\n  $ tools/mcp logs hello\n");
    expect((await mcp.cli.run("plugins list", { env })).stdout).toContain("with: tools/mcp plugins link ./");
  });

  it("shows the cause to whoever looks for a bug", async () => {
    await mcp.cli.configure("unix:/nonexistent/agent.sock");
    const { stderr } = await mcp.cli.run("status", { env: { MCP_DEBUG: "1" } });
    expect(stderr).toContain("cause: Error: connect ENOENT /nonexistent/agent.sock\n    at ");
  });

  it("left its socket behind", async () => {
    const socket = await mcp.cli.write("agent.sock", "");
    await mcp.cli.configure(`unix:${socket}`);
    expect(await mcp.failure("ps")).toEqual([
      `error: no agent answers at ${socket} [agent_unreachable]\n  → ${startIt}\n`,
      6,
    ]);
  });

  it("has a socket that is not ours to open", async () => {
    await mcp.answerWith({ status: () => ({}) });
    // Root may open any, so it tries as somebody else; anybody else is kept out by the mode.
    await chmod(join(mcp.agent.socketPath, ".."), 0o755);
    await chmod(mcp.agent.socketPath, 0o600);
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) await chmod(mcp.agent.socketPath, 0);
    expect(await mcp.failure("status", isRoot ? { uid: 65_534 } : {})).toEqual([
      `error: you may not open ${mcp.agent.socketPath}: the agent's socket is its owner's alone [permission_denied]\n` +
        `  → run mcp as the user that runs the agent: ls -l ${mcp.agent.socketPath}\n`,
      8,
    ]);
  });

  it("is on another machine, which is not built yet", async () => {
    await mcp.cli.configure("rift.example.net:9444");
    expect(await mcp.failure("status")).toEqual([
      "error: rift.example.net:9444 cannot be reached yet: that needs TLS, which is not built [not_yet_supported]\n" +
        "  → run mcp on the node itself, with the address unix:/run/mcp/agent.sock\n",
      7,
    ]);
  });

  it("is too old for what it is asked", async () => {
    await mcp.answerWith({});
    expect(await mcp.failure("doctor")).toEqual([
      "error: this agent cannot do doctor yet [not_yet_supported]\n  → see the version of the agent with: mcp node status\n",
      7,
    ]);
  });
});
