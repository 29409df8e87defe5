import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Cli } from "../../../apps/cli/test/cli.ts";
import { withNode } from "../node.ts";
import { addressOf, ask, deployed, guest, here, mcpAgent, plan, statusOf, undeploy } from "./on-bridge.ts";

const node = withNode({
  microvms: true,
  ownNetwork: true,
  prepare: async () => expect(await mcpAgent(node, "network setup")).toMatchObject({ exitCode: 0 }),
});

const macOf = async (address: string): Promise<string> =>
  /HWaddr (\S+)/.exec(await ask(node, address, "ifconfig eth0"))?.[1] ?? "";
const given = async () => (await node.client.nodeStatus({})).node?.network?.addressesGiven ?? "0";
/** Each deploy of it starts it anew. */
const version = (service: string, text: string, keys = "") =>
  guest(node, service, { keys: `${keys}\nenv = { VERSION = "${text}" }` });

/** The tests of this suite tell one story, in order. */
describe("the address of a virtual machine on the bridge", () => {
  let mac = "";

  it("is the lowest that is free, and is told before and after", async () => {
    const toml = version("one", "1");
    expect((await plan(node, toml)).notes).toEqual(["one/vm is on mcp-br0, at 10.99.0.2"]);
    expect(await given()).toBe("0");
    await deployed(node, toml);
    await deployed(node, version("two", "1"));
    expect([await addressOf(node, "one"), await addressOf(node, "two")]).toEqual(["10.99.0.2", "10.99.0.3"]);
    mac = await macOf("10.99.0.2");
    expect(mac).not.toBe(await macOf("10.99.0.3"));
  });

  it("is in what mcp ps, mcp status and mcp node status print", async () => {
    await using cli = await Cli.build();
    await cli.configure(`unix:${join(node.folder, "agent.sock")}`);
    for (const command of ["ps", "status one"]) {
      const { stdout, stderr, exit } = await cli.run(command);
      expect({ stderr, exit }).toEqual({ stderr: "", exit: 0 });
      expect(stdout).toMatch(/\bone\b.*\b10\.99\.0\.2\b/);
    }
    const { stdout } = await cli.run("node status");
    expect(stdout).toContain("mcp-br0, 10.99.0.1/24, 2 of 253 addresses given, 2 on it");
  });

  it("stays, as its MAC does, from deploy to deploy", async () => {
    const before = await statusOf(node, "one");
    expect(await deployed(node, version("one", "2"))).toEqual([]);
    const after = await statusOf(node, "one");
    expect(after?.instance).not.toBe(before?.instance);
    expect(after?.address).toBe("10.99.0.2");
    expect(await macOf("10.99.0.2")).toBe(mac);
    expect(await here(node).taps()).toHaveLength(2);
  });

  it("is one machine's at a time: update start-first is stop-first, which the plan says", async () => {
    const toml = version("one", "3", 'update = "start-first"');
    const why = "since the old and the new one have the same address on mcp-br0";
    const { notes, steps } = await plan(node, toml);
    expect(notes).toEqual([`vm: update is stop-first after all, ${why}`]);
    const actions = steps?.map(({ action }) => action) ?? [];
    expect(actions.indexOf("stop")).toBeLessThan(actions.indexOf("start"));
    await deployed(node, toml);
    expect(await addressOf(node, "one")).toBe("10.99.0.2");
    expect(await here(node).taps()).toHaveLength(2);
  });

  it("is free once its service is undeployed, and the next one has it", async () => {
    await undeploy(node, "one");
    expect(await given()).toBe("1");
    await deployed(node, version("three", "1"));
    expect(await addressOf(node, "three")).toBe("10.99.0.2");
    expect(await macOf("10.99.0.2")).not.toBe(mac);
    for (const service of ["two", "three"]) await undeploy(node, service);
    expect(await given()).toBe("0");
  });
});
