import { describe, expect, it } from "vitest";
import { withNode } from "../node.ts";
import {
  addressOf,
  ask,
  complaints,
  deployed,
  guest,
  here,
  mcpAgent,
  restartWith,
  undeploy,
} from "./on-bridge.ts";

const node = withNode({
  microvms: true,
  ownNetwork: true,
  prepare: () => restartWith(node, 'allow = ["8443", "53/udp"]'),
});

const network = (word: string) => mcpAgent(node, `network ${word}`);
const rules = () => here(node).run(["nft", "list", "ruleset"]);
const hasBridge = async () => (await here(node).try(["ip", "link", "show", "mcp-br0"])).includes("mcp-br0:");

/** The tests of this suite tell one story, in order. */
describe("mcp-agent network, beside an agent that runs", () => {
  it("says that there is no bridge, and takes none away", async () => {
    const { exitCode, said } = await network("status");
    expect({ exitCode, said }).toMatchObject({
      exitCode: 0,
      said: expect.stringContaining("there is no bridge mcp-br0"),
    });
    expect(await network("teardown")).toEqual({ exitCode: 0, said: "mcp-br0 is not there\n" });
    expect(await rules()).toBe("");
  });

  it("makes the bridge and the rules once", async () => {
    const first = await network("setup");
    expect(first).toMatchObject({
      exitCode: 0,
      said: expect.stringContaining("made the bridge mcp-br0 with 10.99.0.1/24\n"),
    });
    const before = [await rules(), await here(node).run(["ip", "addr", "show", "mcp-br0"])];
    expect(before[0]).toContain("tcp dport 8443 accept");
    expect(before[0]).toContain("udp dport 53 accept");
    expect(await network("setup")).toEqual({ exitCode: 0, said: "mcp-br0 is set up already\n" });
    expect([await rules(), await here(node).run(["ip", "addr", "show", "mcp-br0"])]).toEqual(before);
    expect(await network("status")).toEqual({
      exitCode: 0,
      said: "bridge: mcp-br0, 10.99.0.1/24\nallowed: 8443/tcp, 53/udp\nno virtual machine is on it\n",
    });
    // Also where no virtual machine ever was.
    expect(await complaints(node)).toBe("");
  });

  it("says what is on it, and does not take it away from that", async () => {
    await deployed(node, guest(node, "hello"));
    const [tap] = await here(node).taps();
    const { exitCode, said } = await network("status");
    expect(exitCode).toBe(0);
    expect(said).toMatch(new RegExp(`^hello-vm\\.\\w+: 10\\.99\\.0\\.2, [0-9a-f:]{17}, ${tap}$`, "m"));
    const before = await rules();
    expect(await network("teardown")).toMatchObject({
      exitCode: 3,
      said: expect.stringMatching(
        /^error: mcp-br0 is in use by hello-vm\.\w+\n {2}→ stop what is on it first/,
      ),
    });
    expect(await network("setup")).toEqual({ exitCode: 0, said: "mcp-br0 is set up already\n" });
    expect(await rules()).toBe(before);
    expect(await ask(node, "10.99.0.2", "echo there")).toContain("there");
  });

  it("takes it and the rules away once nothing is on it, and the agent does not put them back", async () => {
    await undeploy(node, "hello");
    expect(await network("teardown")).toEqual({
      exitCode: 0,
      said: "took the bridge mcp-br0 away\ntook the rules away\n",
    });
    expect(await network("teardown")).toEqual({ exitCode: 0, said: "mcp-br0 is not there\n" });
    await node.passes(2);
    expect(await hasBridge()).toBe(false);
    expect(await rules()).toBe("");
    expect(await complaints(node)).toBe("");
    await deployed(node, guest(node, "hello"));
    expect(await addressOf(node, "hello")).toBeUndefined();
    await undeploy(node, "hello");
  });

  it("refuses an address that no bridge can have, and one that this bridge has not", async () => {
    await restartWith(node, "");
    await network("setup");
    const env = { MCP_AGENT_NETWORK_ADDRESS: "10.98.0.1/24" };
    const other = await mcpAgent(node, "network setup", env);
    expect(other).toMatchObject({
      exitCode: 3,
      said: expect.stringContaining("mcp-br0 has 10.99.0.1/24 already, and not 10.98.0.1/24"),
    });
    for (const address of ["10.98.0.1/30", "10.98.0.0/24", "10.98.0.255/24", "fe80::1/64"]) {
      const refused = await mcpAgent(node, "network setup", { MCP_AGENT_NETWORK_ADDRESS: address });
      expect(refused).toMatchObject({
        exitCode: 2,
        said: expect.stringContaining("MCP_AGENT_NETWORK_ADDRESS: must be"),
      });
    }
    const off = await mcpAgent(node, "network setup", { MCP_AGENT_NETWORK_BRIDGE: "" });
    expect(off.said).toContain("the config turns the bridge off");
    expect(await network("teardown")).toMatchObject({ exitCode: 0 });
  });
});
