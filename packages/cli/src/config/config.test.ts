import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadConfig } from "./config-file.ts";
import { completeConfig } from "./mcp-config.ts";
import { chooseNode } from "./node-choice.ts";
import { parseConfig } from "./parse-config.ts";

const full = `
[services]
dir = "~/services"
[mcias]
server_url = "https://id.example.net"
tags = ["env:prod"]
[auth]
token_path = "/home/ada/.config/mcp/token"
[build]
workspace = "~/src"
[images]
registry = "mcr.example.net:8443"
[[nodes]]
name = "rift"
address = "unix:/run/mcp/agent.sock"
[[nodes]]
name = "straylight"
address = "192.0.2.7:9444"
`;

const places = { home: "/home/ada", configDir: "/home/ada/.config/mcp" };

describe("a configuration", () => {
  it("is read and completed", () => {
    expect(completeConfig(parseConfig(full, "mcp.toml"), places, "/etc/mcp/mcp.toml")).toEqual({
      file: "/etc/mcp/mcp.toml",
      servicesDir: "/home/ada/services",
      imageRegistry: "mcr.example.net:8443",
      nodes: [
        { name: "rift", address: "unix:/run/mcp/agent.sock" },
        { name: "straylight", address: "192.0.2.7:9444" },
      ],
      hasDefaultNode: false,
    });
  });

  it("may say nothing", () => {
    expect(completeConfig(parseConfig("", "mcp.toml"), places, "/etc/mcp/mcp.toml")).toEqual({
      file: "/etc/mcp/mcp.toml",
      servicesDir: "/home/ada/.config/mcp/services",
      nodes: [{ name: "local", address: "unix:/run/mcp/agent.sock" }],
      hasDefaultNode: true,
    });
  });

  it("takes a folder that is not absolute from where the file lies", () => {
    const written = parseConfig('[services]\ndir = "services"', "mcp.toml");
    expect(completeConfig(written, places, "/etc/mcp/mcp.toml").servicesDir).toBe("/etc/mcp/services");
  });

  it("is refused with all its mistakes, each with its line", () => {
    const text = [
      "[service]",
      "[images]",
      "registy = 'x'",
      "registry = 5 # five",
      "[[nodes]]",
      "name = 'rift'",
      "[[nodes]]",
      "name = 'Rift/..'",
      "address = 'here'",
      "[[nodes]]",
      "name = 'rift'",
      "address = 'unix:/a'",
      "[mcias]",
      "tags = [1]",
    ].join("\n");
    expect(() => parseConfig(text, "mcp.toml")).toThrow(
      expect.objectContaining({
        code: "config_invalid",
        message: "mcp.toml has 8 mistakes",
        mistakes: [
          { key: "service", line: 1, message: "there is no such key; did you mean services?" },
          { key: "images.registy", line: 3, message: "there is no such key; did you mean registry?" },
          { key: "images.registry", line: 4, message: "must be text, in quotes" },
          {
            key: "nodes[0]",
            line: 5,
            message: 'has no address, such as "unix:/run/mcp/agent.sock"',
          },
          {
            key: "nodes[1].name",
            line: 8,
            message: "has other than lower-case letters, digits and hyphens",
          },
          {
            key: "nodes[1].address",
            line: 9,
            message:
              '"here" is not an agent\'s address: it is neither of these; write it as "unix:/run/mcp/agent.sock" or "host:port"',
          },
          { key: "nodes[2].name", line: 11, message: "there is another node rift" },
          { key: "mcias.tags", line: 14, message: "must be a list of texts" },
        ],
      }),
    );
  });

  it.each([
    ["nodes = 5", "nodes", 1, "must be a list of sections: [[nodes]] with name and address"],
    ["images = 'x'", "images", 1, "must be a section: [images]"],
    [
      "constructor = 1",
      "constructor",
      1,
      "there is no such key; there are services, mcias, auth, build, images, nodes",
    ],
    [
      "images = { registy = 'x' }",
      "images.registy",
      undefined,
      "there is no such key; did you mean registry?",
    ],
  ])("%s is a mistake", (text, key, line, message) => {
    expect(() => parseConfig(text, "mcp.toml")).toThrow(
      expect.objectContaining({ mistakes: [{ key, message, ...(line && { line }) }] }),
    );
  });

  it("that is not TOML is refused with its line", () => {
    expect(() => parseConfig("[images]\nregistry = oops\n", "mcp.toml")).toThrow(
      expect.objectContaining({
        code: "config_invalid",
        mistakes: [{ key: "", line: 2, message: expect.stringContaining("the file is not valid TOML: ") }],
      }),
    );
  });
});

describe("finding the configuration", () => {
  function home(): string {
    const folder = mkdtempSync(join(tmpdir(), "mcp-config-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  it("takes the default where there is no file", async () => {
    expect(await loadConfig(undefined, { HOME: "/nonexistent" })).toMatchObject({
      servicesDir: "/nonexistent/.config/mcp/services",
      hasDefaultNode: true,
    });
  });

  it("prefers --config to MCP_CONFIG to the usual place", async () => {
    const folder = home();
    const write = (name: string, registry: string) => {
      const file = join(folder, name);
      writeFileSync(file, `[images]\nregistry = "${registry}"`);
      return file;
    };
    mkdirSync(join(folder, ".config/mcp"), { recursive: true });
    write(".config/mcp/mcp.toml", "usual");
    const env = { HOME: folder };
    expect((await loadConfig(undefined, env)).imageRegistry).toBe("usual");
    const withVariable = { ...env, MCP_CONFIG: write("variable.toml", "variable") };
    expect((await loadConfig(undefined, withVariable)).imageRegistry).toBe("variable");
    expect((await loadConfig(write("flag.toml", "flag"), withVariable)).imageRegistry).toBe("flag");
    expect((await loadConfig(undefined, { ...env, XDG_CONFIG_HOME: folder })).hasDefaultNode).toBe(true);
  });

  it("fails on a file that was named and is not there, or is a folder", async () => {
    const folder = home();
    await expect(loadConfig(join(folder, "no.toml"), {})).rejects.toMatchObject({
      code: "file_not_found",
      message: `there is no configuration ${folder}/no.toml`,
    });
    await expect(loadConfig(undefined, { MCP_CONFIG: folder })).rejects.toMatchObject({
      code: "config_invalid",
      message: `${folder} is a folder`,
      hint: `name the file: --config ${folder}/mcp.toml`,
    });
  });
});

describe("the node a command talks to", () => {
  const config = completeConfig(parseConfig(full, "mcp.toml"), places, "/etc/mcp/mcp.toml");
  const none = completeConfig({}, places);

  it("is the first, the definition's, or the one that --node names", () => {
    expect(chooseNode(config, {}).name).toBe("rift");
    expect(chooseNode(config, { definition: "straylight" }).name).toBe("straylight");
    expect(chooseNode(config, { definition: "straylight", flag: "rift" }).name).toBe("rift");
  });

  it("is the only agent there is, where none is configured, whatever the definition says", () => {
    expect(chooseNode(none, { definition: "rift" }).address).toBe("unix:/run/mcp/agent.sock");
  });

  it("must be known", () => {
    expect(() => chooseNode(config, { flag: "strayligt" })).toThrow(
      expect.objectContaining({
        code: "node_not_found",
        message: "there is no node strayligt in /etc/mcp/mcp.toml",
        hint: "did you mean straylight?",
      }),
    );
    expect(() => chooseNode(none, { flag: "rift" })).toThrow(
      expect.objectContaining({
        message: "there is no node rift in the configuration, since there is none",
        hint: "add it under [[nodes]], or use one of: local",
      }),
    );
  });
});
