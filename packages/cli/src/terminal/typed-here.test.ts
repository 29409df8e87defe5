import { describe, expect, it } from "vitest";
import { plain, styleFor } from "./style.ts";
import { typedHere } from "./typed-here.ts";

const checkout = {
  MCP_COMMAND: "tools/mcp",
  MCP_AGENT_COMMAND: "tools/mcp-agent",
  MCP_AGENT_START: "tools/quickstart",
  MCP_AGENT_LOG: ".mcp/agent.log",
};

describe("what people are told to type", () => {
  it("is left as it is where mcp is called mcp", () => {
    expect(typedHere({})).toBeUndefined();
    expect(styleFor({}, {})).toBe(plain);
  });

  it.each([
    ["see them all with: mcp --help", "see them all with: tools/mcp --help"],
    [
      "leave it out: mcp plan --file a, or: mcp list",
      "leave it out: tools/mcp plan --file a, or: tools/mcp list",
    ],
    ["until mcp start or mcp deploy", "until tools/mcp start or tools/mcp deploy"],
    ["USAGE\n  $ mcp hello [FLAGS]", "USAGE\n  $ tools/mcp hello [FLAGS]"],
    ["mcp COMMAND --help shows", "tools/mcp COMMAND --help shows"],
    [
      "start it: mcp-agent server --config /srv/mcp/mcp-agent.toml, or: systemctl start mcp-agent",
      "start it: tools/quickstart",
    ],
    ["see: mcp-agent test-alert --config FILE", "see: tools/mcp-agent test-alert"],
    [
      "accept the new one with: mcp-agent accept-store --config FILE; or put it back",
      "accept the new one with: tools/mcp-agent accept-store; or put it back",
    ],
    ["see: mcp-agent network status", "see: tools/mcp-agent network status"],
    ["see its log: journalctl -u mcp-agent", "see its log: less .mcp/agent.log"],
  ])("is put in the words of a checkout: %s", (text, typed) => {
    expect(styleFor({}, checkout).typed(text)).toBe(typed);
  });

  it.each([
    "mcp runs services on machines you own",
    "a command that mcp has itself",
    "correct the address in mcp.toml",
    "look into /srv/mcp status",
    "nothing of mcp runs here",
    "start mcp-agent by what starts services on this machine",
    "made by mcp-agent 2.0.0",
  ])("is told from a text that only has the word in it: %s", (text) => {
    expect(styleFor({}, checkout).typed(text)).toBe(text);
  });

  it("changes only in what is named", () => {
    const typed = typedHere({ MCP_COMMAND: "tools/mcp" });
    expect(typed?.("see: mcp ps; its log: journalctl -u mcp-agent")).toBe(
      "see: tools/mcp ps; its log: journalctl -u mcp-agent",
    );
  });
});
