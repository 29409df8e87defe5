import { afterEach, describe, expect, it } from "vitest";
import { last, newRequestId, withNode } from "../node.ts";
import {
  addressOf,
  ask,
  complaints,
  deployed,
  failure,
  guest,
  here,
  lives,
  mcpAgent,
  plan,
  restartWith,
  statusOf,
  traces,
  undeployAll,
  untilNoTrace,
} from "./on-bridge.ts";

const node = withNode({ microvms: true, ownNetwork: true });

const at = "at 10.99.0.2";
const onto = `hello/vm moves from user networking to mcp-br0, ${at}`;
const off = "hello/vm moves from mcp-br0 to user networking";
const hello = () => guest(node, "hello");
const setUp = async () => expect(await mcpAgent(node, "network setup")).toMatchObject({ exitCode: 0 });
const restart = () => last(node.client.restart({ requestId: newRequestId(), service: "hello" }));
/** What becomes of a request that is refused, or fails. */
const codeOf = (asked: Promise<{ readonly problem?: { readonly code?: string } }>) =>
  asked.then(
    ({ problem }) => problem?.code,
    (thrown: { code?: string }) => thrown.code,
  );
const isRunning = async () => (await statusOf(node, "hello"))?.observed === "OBSERVED_STATE_RUNNING";

describe("a node that goes from user networking to the bridge, and back", () => {
  afterEach(async () => {
    await undeployAll(node);
    await mcpAgent(node, "network teardown");
  }, 60_000);

  it("moves each virtual machine with its next deploy and not before, and says so before", async () => {
    await deployed(node, hello());
    expect(await addressOf(node, "hello")).toBeUndefined();
    const { instance } = (await statusOf(node, "hello")) ?? {};
    await setUp();
    await node.passes(2);
    await restart();
    await node.end("SIGKILL");
    await node.start();
    expect(await statusOf(node, "hello")).toMatchObject({ instance });
    expect(await here(node).taps()).toEqual([]);
    expect((await plan(node, hello())).notes).toEqual([onto]);
    expect(await deployed(node, hello())).toEqual([onto]);
    expect(await ask(node, "10.99.0.2", "echo there")).toContain("there");

    await restartWith(node, 'bridge = ""');
    await node.passes(1);
    expect(await addressOf(node, "hello")).toBe("10.99.0.2");
    expect(await ask(node, "10.99.0.2", "echo still there")).toContain("still there");
    expect((await plan(node, hello())).notes).toEqual([off]);
    expect(await deployed(node, hello())).toEqual([off]);
    expect(await addressOf(node, "hello")).toBeUndefined();
    expect(await here(node).taps()).toEqual([]);
    expect((await node.client.nodeStatus({})).node?.network?.state).toBe("off");
    await undeployAll(node);
    await untilNoTrace(node);
    await restartWith(node, "");
  });

  it("takes nobody off a bridge that has vanished, does nothing by halves, and goes on once it is back", async () => {
    await setUp();
    await deployed(node, hello());
    const before = await statusOf(node, "hello");
    await here(node).run(["ip", "link", "del", "mcp-br0"]);
    const changed = guest(node, "hello", { keys: 'env = { VERSION = "2" }' });
    const refused = { code: "bridge_missing", hint: expect.stringContaining("mcp-agent network setup") };
    expect(await failure(node, changed)).toMatchObject(refused);
    await expect(plan(node, changed)).rejects.toMatchObject(refused);
    expect(await codeOf(restart())).toBe("bridge_missing");
    expect(await statusOf(node, "hello")).toMatchObject({ instance: before?.instance });
    expect(await isRunning()).toBe(true);

    // Its QEMU goes: it is not started elsewhere, and comes back with the bridge.
    process.kill((await lives(node, "hello")).pid, "SIGKILL");
    await expect.poll(isRunning).toBe(false);
    await node.passes(1);
    expect(await traces(node)).toEqual([]);
    await setUp();
    await expect.poll(isRunning, { timeout: 60_000, interval: 200 }).toBe(true);
    expect(await statusOf(node, "hello")).toMatchObject({
      instance: before?.instance,
      address: "10.99.0.2",
    });
    expect(await ask(node, "10.99.0.2", "echo back")).toContain("back");
    expect(await complaints(node)).toBe("");
  });

  it("puts a machine that has gone on running back on a bridge that was made anew", async () => {
    await setUp();
    await deployed(node, hello());
    const before = await lives(node, "hello");
    await here(node).run(["ip", "link", "del", "mcp-br0"]);
    await setUp();
    await expect
      .poll(() => here(node).run(["bridge", "-d", "link", "show"]), { timeout: 40_000, interval: 200 })
      .toContain("isolated on");
    expect(await ask(node, "10.99.0.2", "echo back")).toContain("back");
    expect(await lives(node, "hello")).toEqual(before);
  });

  it("lets go of a machine whose bridge has vanished, without a trace", async () => {
    await setUp();
    await deployed(node, hello());
    await here(node).run(["ip", "link", "del", "mcp-br0"]);
    await undeployAll(node);
    await untilNoTrace(node);
    expect((await node.client.nodeStatus({})).node?.network?.addressesGiven).toBeUndefined();
    await expect.poll(() => here(node).run(["nft", "list", "ruleset"])).toBe("");
    expect(await complaints(node)).toBe("");
  });

  it("puts nobody on user networking where a bridge was named and is not there", async () => {
    await restartWith(node, 'bridge = "mcp-br0"');
    expect(await failure(node, hello())).toMatchObject({ code: "bridge_missing" });
    expect((await node.client.nodeStatus({})).node?.network).toMatchObject({ state: "failing" });
    await setUp();
    expect(await deployed(node, hello())).toEqual([`hello/vm is on mcp-br0, ${at}`]);
    await undeployAll(node);
    await restartWith(node, "");
  });
});
