import { isProblem, type Mistake } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { parseConfig } from "./config.ts";

const minimal = '[agent]\nnode = "rift"\n';
const parse = (text: string, environment: Record<string, string> = {}) =>
  parseConfig(`${minimal}${text}`, "mcp-agent.toml", environment)["boot.sequence"];

function mistakesOf(text: string, environment: Record<string, string> = {}): readonly Mistake[] {
  try {
    parse(text, environment);
  } catch (thrown) {
    if (isProblem(thrown) && thrown.code === "config_invalid") return thrown.mistakes;
    throw thrown;
  }
  throw new Error("expected mistakes");
}

describe("the boot sequence in the agent's config", () => {
  it("is empty unless it is given", () => {
    expect(parse("")).toEqual([]);
  });

  it("has its stages in the order of the file, and only the foundation blocks by itself", () => {
    expect(
      parse(`
[[boot.sequence]]
name = "foundation"
services = ["mcias", "mcns"]
health = { tcp = "127.0.0.1:8443" }
definitions = ["/srv/mcp/boot/mcias.toml"]

[[boot.sequence]]
name = "core"
services = ["mcr"]
timeout = "30s"
`),
    ).toEqual([
      {
        name: "foundation",
        services: ["mcias", "mcns"],
        timeoutMs: 120_000,
        blocks: true,
        health: { kind: "tcp", at: { address: "127.0.0.1", port: 8443 } },
        definitions: ["/srv/mcp/boot/mcias.toml"],
      },
      { name: "core", services: ["mcr"], timeoutMs: 30_000, blocks: false, definitions: [] },
    ]);
  });

  it("asks for health by tcp, http or grpc", () => {
    const healthOf = (health: string) =>
      parse(`[[boot.sequence]]\nname = "a"\nservices = ["b"]\nhealth = { ${health} }`)[0]?.health;
    expect(healthOf('http = "http://127.0.0.1:8080/healthz?deep=1"')).toEqual({
      kind: "http",
      at: { address: "127.0.0.1", port: 8080 },
      path: "/healthz?deep=1",
    });
    expect(healthOf('http = "http://[::1]"')).toEqual({
      kind: "http",
      at: { address: "::1", port: 80 },
      path: "/",
    });
    expect(healthOf('grpc = "[::1]:9555"')).toEqual({ kind: "grpc", at: { address: "::1", port: 9555 } });
  });

  it("reports every mistake at once, each with its stage and its line", () => {
    expect(
      mistakesOf(`[[boot.sequence]]
name = "foundation"
services = ["mcias"]
timeuot = "2m"
health = { udp = "127.0.0.1:53" }
[[boot.sequence]]
name = "foundation"
services = ["mcias", "MCNS"]
[[boot.sequence]]
timeout = "soon"
blocks = 1
definitions = ["mcias.toml"]
health = { http = "https://127.0.0.1/" }
`),
    ).toEqual([
      {
        key: "boot.sequence 1: timeuot",
        line: 6,
        message: "is not a key of a boot stage; did you mean timeout?",
      },
      {
        key: "boot.sequence 1: health",
        line: 7,
        message: "must have one of tcp, http, grpc, and nothing else",
      },
      { key: "boot.sequence 2: services", line: 10, message: '"MCNS" is not the name of a service' },
      { key: "boot.sequence 3: name", line: 11, message: "is required" },
      { key: "boot.sequence 3: services", line: 11, message: "is required" },
      {
        key: "boot.sequence 3: health",
        line: 15,
        message: "http must be a URL, such as http://127.0.0.1:8080/healthz",
      },
      { key: "boot.sequence 3: timeout", line: 12, message: 'must be a duration, such as "2m"' },
      { key: "boot.sequence 3: blocks", line: 13, message: "must be true or false" },
      {
        key: "boot.sequence 3: definitions",
        line: 14,
        message: "must be an absolute path, such as /srv/mcp",
      },
      {
        key: "boot.sequence 2: name",
        line: 9,
        message: "there is another stage named foundation",
      },
    ]);
  });

  it("names each service in one stage, once", () => {
    expect(
      mistakesOf(`[[boot.sequence]]
name = "a"
services = ["web", "web"]
[[boot.sequence]]
name = "b"
services = ["web"]`).map(({ key, line, message }) => [key, line, message]),
    ).toEqual([
      ["boot.sequence 1: services", 5, "names web twice"],
      ["boot.sequence 2: services", 8, "names web in stage a already"],
    ]);
  });

  it("refuses what is no table, or one table where there may be several", () => {
    const message = "must be tables: begin each stage with [[boot.sequence]]";
    expect(mistakesOf('[boot]\nsequence = ["a"]')).toEqual([{ key: "boot.sequence", line: 4, message }]);
    expect(mistakesOf('[boot.sequence]\nname = "a"')).toEqual([{ key: "boot.sequence", line: 3, message }]);
  });

  it("cannot be set from the environment, and says so", () => {
    expect(mistakesOf("", { MCP_AGENT_BOOT_SEQUENCE: "[]" })).toEqual([
      {
        key: "MCP_AGENT_BOOT_SEQUENCE",
        message: "is no variable: boot.sequence can be set in the file only",
      },
    ]);
  });
});
