import { afterEach, describe, expect, it } from "vitest";
import { last, newRequestId, withNode } from "../node.ts";
import { Neighbour } from "./neighbour.ts";
import {
  addressOf,
  ask,
  complaints,
  deployed,
  failure,
  guest,
  here,
  mcpAgent,
  plan,
  statusOf,
  traces,
  undeployAll,
} from "./on-bridge.ts";

const node = withNode({ microvms: true, ownNetwork: true });

const hello = (keys = "") => guest(node, "hello", { keys });
const ip = (...lines: readonly string[]) => here(node).run(["ip", "-batch", "-"], `${lines.join("\n")}\n`);
const setUp = async () => expect(await mcpAgent(node, "network setup")).toMatchObject({ exitCode: 0 });
const stop = () => last(node.client.stop({ requestId: newRequestId(), service: "hello" }));
/** The problem of a start that is refused, or fails. */
const startProblem = async () =>
  last(node.client.start({ requestId: newRequestId(), service: "hello" })).then(
    ({ problem }) => problem,
    (thrown: { code?: string; message?: string; hint?: string }) => thrown,
  );

describe("a node's network that is not as it should be", () => {
  afterEach(async () => {
    await undeployAll(node);
    await here(node).try(["ip", "link", "del", "mcp-br0"]);
    await mcpAgent(node, "network teardown");
  }, 60_000);

  it.each([
    ["has no address", [], "has no IPv4 address", "ip addr add"],
    ["has a /30", ["addr add 10.99.0.1/30 dev mcp-br0"], "a subnet of /30", "ip addr replace"],
    ["is down", ["addr add 10.99.0.1/24 dev mcp-br0", "link set mcp-br0 down"], "is down", "ip link set"],
  ])("a bridge that %s is refused, and nobody falls back from it", async (_, lines, why, hint) => {
    await ip("link add mcp-br0 type bridge", "link set mcp-br0 up", ...lines);
    const refused = {
      code: "bridge_unusable",
      message: expect.stringContaining(why),
      hint: expect.stringContaining(hint),
    };
    expect(await failure(node, hello())).toMatchObject(refused);
    await expect(plan(node, hello())).rejects.toMatchObject(refused);
    expect((await node.client.listServices({})).services ?? []).toEqual([]);
    expect(await traces(node)).toEqual([]);
    const { network } = (await node.client.nodeStatus({})).node ?? {};
    expect(network).toMatchObject({ state: "failing", why: expect.stringContaining(why) });
    expect(await complaints(node)).toContain(why);
    // What is no virtual machine does not mind.
    const container = hello()
      .replace(/^memory = .*$/m, "")
      .replace('"microvm"', '"container"');
    await deployed(node, container);
  });

  it("ports are refused in the plan and in the deploy, with the reason", async () => {
    await setUp();
    const toml = hello('ports = ["127.0.0.1:28080:8080"]');
    const refused = { code: "port_on_bridge", message: expect.stringContaining("a second way in") };
    await expect(plan(node, toml)).rejects.toMatchObject(refused);
    expect(await failure(node, toml)).toMatchObject(refused);
    expect(await traces(node)).toEqual([]);
  });

  it("an address that a stranger answers for is given to nobody, and what has it does not start beside him", async () => {
    await setUp();
    const onBridge = { node: { bridge: "mcp-br0" }, address: "10.99.0.2" } as const;
    const first = await Neighbour.of(here(node), { device: "theirs0", ...onBridge });
    try {
      expect(await deployed(node, hello())).toEqual(["hello/vm is on mcp-br0, at 10.99.0.3"]);
      expect(await ask(node, "10.99.0.3", "echo there")).toContain("there");
      // A port that is none of the agent's is what the doctor warns of, and it reaches no guest.
      expect(await complaints(node)).toContain("theirs0");
    } finally {
      await first.close();
    }
    await stop();
    const second = await Neighbour.of(here(node), { device: "theirs1", ...onBridge, address: "10.99.0.3" });
    try {
      expect(await startProblem()).toMatchObject({
        code: "address_taken",
        message: expect.stringContaining("10.99.0.3"),
      });
      // He is known to the kernel for as long as he is there.
      expect((await traces(node)).filter((trace) => !trace.includes("lladdr"))).toEqual([]);
    } finally {
      await second.close();
    }
    await last(node.client.start({ requestId: newRequestId(), service: "hello" }));
    expect(await addressOf(node, "hello")).toBe("10.99.0.3");
    expect(await ask(node, "10.99.0.3", "echo again")).toContain("again");
  });

  it("a device of somebody else's with the name of a machine's own is left alone, and the machine does not start", async () => {
    await setUp();
    await deployed(node, hello());
    const [tap = ""] = await here(node).taps();
    await stop();
    await ip(`tuntap add dev ${tap} mode tap`, `link set dev ${tap} alias "somebody's"`);
    expect(await startProblem()).toMatchObject({
      code: "tap_taken",
      message: expect.stringContaining(tap),
      hint: expect.stringContaining(tap),
    });
    expect(await here(node).run(["ip", "link", "show", "dev", tap])).toContain("somebody's");
    expect(await complaints(node)).toContain(tap);
    await ip(`link del ${tap}`);
    await last(node.client.start({ requestId: newRequestId(), service: "hello" }));
    expect(await statusOf(node, "hello")).toMatchObject({ observed: "OBSERVED_STATE_RUNNING" });
    expect(await complaints(node)).toBe("");
  });

  it("a subnet that is given out says who has it", async () => {
    await ip(
      "link add mcp-br0 type bridge stp_state 0",
      "addr add 10.99.0.1/29 dev mcp-br0",
      "link set mcp-br0 up",
    );
    const many = Array.from({ length: 6 }, (_, at) =>
      hello()
        .replace(/^name = .*$/m, "")
        .replace('"vm"', `"vm-${at}"`)
        .trim(),
    );
    const toml = `name = "hello"\n${many.join("\n")}`;
    expect(await failure(node, toml)).toMatchObject({
      code: "addresses_exhausted",
      message: expect.stringContaining("of the 5 of 10.99.0.1/29"),
    });
    expect(await traces(node)).toEqual([]);
    expect((await node.client.nodeStatus({})).node?.network?.addressesGiven ?? "0").toBe("0");
  });
});
