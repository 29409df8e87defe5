import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProblem, type Problem } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { loadConfig, parseConfig } from "./config.ts";
import { configKeys, environmentName } from "./config-keys.ts";

const parse = (text: string, environment: Record<string, string> = {}) =>
  parseConfig(text, "mcp-agent.toml", environment);

function problemOf(text: string, environment: Record<string, string> = {}): Problem {
  try {
    parse(text, environment);
  } catch (thrown) {
    if (isProblem(thrown)) return thrown;
    throw thrown;
  }
  throw new Error("expected a problem");
}

const minimal = '[agent]\nnode = "rift"\n';

describe("the agent's config", () => {
  it("needs only the node's name, and fills the rest by convention", () => {
    const config = parse(minimal);
    expect(config["agent.node"]).toBe("rift");
    expect(config["server.socket"]).toBe("/run/mcp/agent.sock");
    expect(config["database.path"]).toBe("/srv/mcp/mcp.db");
    expect(config["volumes.allow"]).toEqual(["/srv"]);
    expect(config["monitor.interval"]).toBe(30_000);
    expect(Object.keys(config)).toEqual(Object.keys(configKeys));
  });

  it("refuses to start without what is required, naming the variable that could set it", () => {
    const problem = problemOf("");
    expect(problem.code).toBe("config_invalid");
    expect(problem.mistakes).toEqual([
      {
        key: "agent.node",
        message: "is required: set it in mcp-agent.toml, or as MCP_AGENT_AGENT_NODE",
      },
    ]);
  });

  it("reports every mistake at once, each with its line and what would be right", () => {
    const problem = problemOf(`[agent]
node = ""
[server]
sokcet = "/run/a.sock"
[podman]
ulimits = ["nofile=20:10"]
[vm]
accel = "hvf"
user_net_outbound = "yes"
[vm.nanos]
ops = "bin/ops"
[monitor]
interval = "often"
[volumes]
allow = "/srv"
[extra]
a = 1
`);
    expect(problem.message).toBe("mcp-agent.toml has 9 mistakes");
    expect(problem.mistakes.map(({ line, key, message }) => `${line}: ${key} ${message}`).sort()).toEqual([
      "11: vm.nanos.ops must be an absolute path, such as /srv/mcp",
      '13: monitor.interval must be a duration, such as "30s" or "1m30s"',
      "15: volumes.allow must be a list, in square brackets",
      "16: extra is not a key of this config",
      "2: agent.node must not be empty",
      "4: server.sokcet is not a key of this config; did you mean server.socket?",
      '6: podman.ulimits must be limits such as "nofile=1024:20000" (name=soft:hard)',
      "8: vm.accel must be one of auto, kvm, tcg",
      "9: vm.user_net_outbound must be true or false",
    ]);
  });

  it("takes no duration that is over at once", () => {
    const problem = problemOf(`${minimal}[monitor]\nalert_cooldown = "0s"\n`);
    expect(problem.mistakes[0]?.message).toBe('must be longer than 0, such as "30s" or "1m30s"');
  });

  it("names the line where TOML itself is broken", () => {
    const problem = problemOf('[agent]\nnode = "rift\n');
    expect(problem.code).toBe("config_invalid");
    expect(problem.mistakes).toHaveLength(1);
    expect(problem.mistakes[0]?.line).toBe(2);
    expect(problem.mistakes[0]?.message).toMatch(/^this is not TOML: /);
  });

  it("does not take a value for a table, or a table for a value", () => {
    expect(problemOf(`server = 3\n${minimal}`).mistakes[0]).toMatchObject({ key: "server", line: 1 });
    expect(problemOf(`${minimal}[server.socket]\npath = "/a"\n`).mistakes[0]).toMatchObject({
      key: "server.socket",
      line: 3,
    });
  });

  it("refuses a socket path that the kernel would cut off", () => {
    const path = `/${"x".repeat(107)}`;
    expect(problemOf(`${minimal}[server]\nsocket = "${path}"\n`).mistakes[0]?.message).toContain(
      "at most 107",
    );
    expect(parse(`${minimal}[server]\nsocket = "${path.slice(0, 107)}"\n`)["server.socket"]).toHaveLength(
      107,
    );
  });

  it("takes limits with and without a hard one of their own", () => {
    const limits = ["nofile=1024:20000", "nproc=64"];
    expect(parse(`${minimal}[podman]\nulimits = ${JSON.stringify(limits)}\n`)["podman.ulimits"]).toEqual(
      limits,
    );
  });

  it("answers not_yet_supported to TLS, once everything else is right", () => {
    const asked = `${minimal}[server]\ngrpc_addr = "192.0.2.10:9444"\n`;
    expect(problemOf(asked).code).toBe("not_yet_supported");
    expect(problemOf(`${asked}x = 1\n`).code).toBe("config_invalid");
  });
});

describe("the environment", () => {
  it("wins over the file, for every key there is", () => {
    const values: Record<string, string> = {
      boolean: "true",
      path: "/else/where",
      duration: "5s",
      number: "7",
      "mail address": "a@example.org",
      "http or https URL": "https://else.example/",
      "loopback address and port": "127.0.0.1:9465",
      "list of paths": "/a, /b",
      "list of `name=soft:hard`": "core=0",
      "list of mail addresses": "a@example.org, b@example.org",
    };
    const words: Record<string, string> = {
      "vm.accel": "tcg",
      "monitor.smtp_tls": "tls",
      "monitor.events_max": "5000",
      "network.address": "10.98.0.1/16",
      "network.allow": "8443",
      "log.level": "error",
    };
    // Some keys need others beside them.
    const file = `${minimal}[monitor]
webhook_url = "https://hooks.example/"
smtp_host = "mail.example"
smtp_user = "mcp"
smtp_password_file = "/srv/mcp/password"
email_from = "mcp@example.org"
email_to = ["ada@example.org"]
`;
    for (const [name, { kind, ...key }] of Object.entries(configKeys)) {
      if (/^server\.(grpc|tls)/.test(name) || "isFileOnly" in key) continue;
      const value = words[name] ?? values[kind.name] ?? "text";
      const config = parse(file, { [environmentName(name)]: value });
      expect(config[name as keyof typeof configKeys], name).not.toEqual(parse(file)[name as "agent.node"]);
    }
  });

  it("reads lists that are separated by commas", () => {
    expect(parse(minimal, { MCP_AGENT_VOLUMES_ALLOW: "/srv, /data" })["volumes.allow"]).toEqual([
      "/srv",
      "/data",
    ]);
    expect(parse(minimal, { MCP_AGENT_VOLUMES_ALLOW: "" })["volumes.allow"]).toEqual([]);
  });

  it("gives what is required", () => {
    expect(parse("", { MCP_AGENT_AGENT_NODE: "rift" })["agent.node"]).toBe("rift");
  });

  it("is checked as the file is, under the variable's name", () => {
    const problem = problemOf(minimal, { MCP_AGENT_LOG_LEVEL: "loud", MCP_AGENT_SERVER_SOKCET: "/a" });
    expect(problem.mistakes).toEqual([
      {
        key: "MCP_AGENT_SERVER_SOKCET",
        message: "is not a key of this config; did you mean MCP_AGENT_SERVER_SOCKET?",
      },
      { key: "MCP_AGENT_LOG_LEVEL", message: "must be one of debug, info, warn, error" },
    ]);
  });
});

describe("loading the config", () => {
  it("says when there is no such file", async () => {
    await expect(loadConfig("/no/such/file.toml", {})).rejects.toMatchObject({ code: "file_not_found" });
  });

  it("reads a real file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcp-config-"));
    try {
      await writeFile(join(folder, "mcp-agent.toml"), minimal);
      const config = await loadConfig(join(folder, "mcp-agent.toml"), {});
      expect(config["agent.node"]).toBe("rift");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
