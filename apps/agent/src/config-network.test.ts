import { isProblem } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { parseConfig } from "./config.ts";

const parse = (network: string, environment: Record<string, string> = {}) =>
  parseConfig(`[agent]\nnode = "rift"\n[network]\n${network}\n`, "mcp-agent.toml", environment);

function mistakesOf(network: string): string[] {
  try {
    parse(network);
  } catch (thrown) {
    if (isProblem(thrown)) return thrown.mistakes.map(({ line, key }) => `${line}: ${key}`);
    throw thrown;
  }
  return [];
}

describe("[network]", () => {
  it("has a bridge by default, which need not be there, and one that is named must", () => {
    expect(parse("")["network.bridge"]).toEqual({ name: "mcp-br0", isNamed: false });
    expect(parse('bridge = "mcp-br0"')["network.bridge"]).toEqual({ name: "mcp-br0", isNamed: true });
    const variable = { MCP_AGENT_NETWORK_BRIDGE: "br1" };
    expect(parse("", variable)["network.bridge"]).toEqual({ name: "br1", isNamed: true });
  });

  it("has none where it is empty, also by the environment", () => {
    const none = { name: "", isNamed: false };
    expect(parse('bridge = ""')["network.bridge"]).toEqual(none);
    expect(parse('bridge = "br1"', { MCP_AGENT_NETWORK_BRIDGE: "" })["network.bridge"]).toEqual(none);
  });

  it.each(["a b", "../x", "-x", "mcpt0", "a-name-that-is-too-long", "br0;id"])(
    "takes no bridge %j",
    (name) => {
      expect(mistakesOf(`bridge = ${JSON.stringify(name)}`)).toEqual(["4: network.bridge"]);
    },
  );

  it.each(["10.99.0.1/24", "10.0.0.1/8", "192.168.7.6/29", "10.99.0.254/24"])(
    "takes the address %s",
    (address) => {
      expect(parse(`address = "${address}"`)["network.address"]).toBe(address);
    },
  );

  it.each([
    "10.99.0.1",
    "10.99.0.0/24",
    "10.99.0.255/24",
    "10.99.0.1/30",
    "10.99.0.1/31",
    "10.99.0.1/7",
    "10.99.0.256/24",
    "fd00::1/64",
    "",
  ])("takes no address %j", (address) => {
    expect(mistakesOf(`address = "${address}"`)).toEqual(["4: network.address"]);
  });

  it("reads ports that guests may reach, of tcp if nothing is said", () => {
    expect(parse('allow = ["8443", "53/udp", "53/tcp"]')["network.allow"]).toEqual([
      "8443/tcp",
      "53/udp",
      "53/tcp",
    ]);
    expect(parse("", { MCP_AGENT_NETWORK_ALLOW: "8443, 53/udp" })["network.allow"]).toEqual([
      "8443/tcp",
      "53/udp",
    ]);
    expect(parse("")["network.allow"]).toEqual([]);
  });

  it.each(['["0"]', '["65536"]', '["08443"]', '["8443/sctp"]', '["ssh"]', "[8443]", '"8443"'])(
    "takes no ports %s",
    (ports) => {
      expect(mistakesOf(`allow = ${ports}`)).toEqual(["4: network.allow"]);
    },
  );
});
