import { realClock } from "@mcp/host";
import { afterEach, describe, expect, it } from "vitest";
import { deploy, last, newRequestId, withNode } from "../node.ts";
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
  statusOf,
  traces,
  undeploy,
  undeployAll,
  untilNoTrace,
} from "./on-bridge.ts";

const node = withNode({
  microvms: true,
  ownNetwork: true,
  prepare: async () => expect(await mcpAgent(node, "network setup")).toMatchObject({ exitCode: 0 }),
});

/** CI has a tenth of it. */
const kills = process.env.MCP_SOAK === "1" ? 60 : 6;

const hello = (keys = "") => guest(node, "hello", { keys });
const pidOf = async () => (await lives(node, "hello")).pid;
const given = async () => (await node.client.nodeStatus({})).node?.network?.addressesGiven ?? "0";
/** How many more devices there are than machines that run. */
async function surplus(): Promise<number> {
  const { instances = [] } = await node.client.liveCheck({});
  const alive = instances.filter(({ observed }) => observed === "OBSERVED_STATE_RUNNING");
  return (await here(node).taps()).length - alive.length;
}
const ip = (...words: readonly string[]) => here(node).run(["ip", ...words]);

describe("what a virtual machine leaves on the network of its node", () => {
  afterEach(() => undeployAll(node), 60_000);

  it("is nothing once it is stopped, and it has its address again once it is started", async () => {
    await deployed(node, hello());
    await last(node.client.stop({ requestId: newRequestId(), service: "hello" }));
    expect(await traces(node)).toEqual([]);
    // What is wanted, though not now, keeps its address.
    expect(await given()).toBe("1");
    await last(node.client.start({ requestId: newRequestId(), service: "hello" }));
    expect(await ask(node, "10.99.0.2", "echo again")).toContain("again");
    await undeploy(node, "hello");
    expect(await traces(node)).toEqual([]);
    expect(await given()).toBe("0");
  });

  it("is nothing when its guest crashes, and nobody starts it again", async () => {
    await deployed(node, hello('restart = "no"'));
    // Who is told so has no time to answer.
    await ask(node, "10.99.0.2", "kill -9 $PPID").catch(() => {});
    await untilNoTrace(node);
    expect(await addressOf(node, "hello")).toBe("10.99.0.2");
  });

  it("is one device at the same address when its QEMU is killed, and it is started again", async () => {
    await deployed(node, hello());
    const [tap] = await here(node).taps();
    const killed = await pidOf();
    process.kill(killed, "SIGKILL");
    await expect.poll(pidOf, { timeout: 30_000, interval: 100 }).not.toBe(killed);
    await expect
      .poll(async () => (await statusOf(node, "hello"))?.observed, { timeout: 30_000, interval: 100 })
      .toBe("OBSERVED_STATE_RUNNING");
    expect(await ask(node, "10.99.0.2", "echo again")).toContain("again");
    expect(await here(node).taps()).toEqual([tap]);
    expect(await statusOf(node, "hello")).toMatchObject({ address: "10.99.0.2", restarts: 1 });
    expect(await complaints(node)).toBe("");
  });

  it("is nothing when its start fails, neither the first one nor that of an update", async () => {
    const broken = (keys = "") =>
      hello(keys).replace(/^entrypoint = .*$/m, 'entrypoint = ["/no/such/program"]');
    expect(await failure(node, broken())).toMatchObject({ code: "start_failed" });
    expect(await traces(node)).toEqual([]);
    expect(await given()).toBe("0");
    await deployed(node, hello());
    const [before] = await here(node).taps();
    expect(await failure(node, broken())).toMatchObject({ code: "start_failed" });
    expect(await here(node).taps()).toEqual([before]);
    expect(await ask(node, "10.99.0.2", "echo old")).toContain("old");
    expect(await given()).toBe("1");
  });

  it("is nothing when it dies while its agent is dead, once that is back", async () => {
    await deployed(node, hello('restart = "no"'));
    const pid = await pidOf();
    await node.end("SIGKILL");
    process.kill(pid, "SIGKILL");
    await realClock.sleep(200);
    expect(await here(node).taps()).toHaveLength(1);
    await node.start();
    await untilNoTrace(node);
  });

  it(`is what it needs and nothing more when its agent is killed in the middle of its start (${kills} times, 60 with --soak)`, async () => {
    for (let round = 0; round < kills; round++) {
      const asked = deploy(node, hello(`env = { ROUND = "${round}" }`)).catch(() => {});
      // The whole of a deploy, from its first look at the bridge to a guest that runs.
      await realClock.sleep(50 + (round * 2_000) / kills);
      await node.end("SIGKILL");
      await asked;
      await node.start();
      await node.passes(1);
      await expect.poll(surplus, { timeout: 60_000, interval: 200 }).toBe(0);
      expect(await complaints(node)).toBe("");
      if (round % 2 === 0) continue;
      await undeployAll(node);
      expect(await traces(node)).toEqual([]);
      expect(await given()).toBe("0");
    }
  }, 900_000);

  it("is listed by the doctor where somebody has made it by hand, and left to him", async () => {
    await ip("tuntap", "add", "dev", "mcpt0123456789a", "mode", "tap");
    expect(await complaints(node)).toContain("mcpt0123456789a");
    await deployed(node, hello());
    await undeploy(node, "hello");
    expect(await here(node).taps()).toEqual(["mcpt0123456789a"]);
    await ip("link", "del", "mcpt0123456789a");
    expect(await complaints(node)).toBe("");
  });

  it("is taken away where it has the agent's own mark, and no virtual machine", async () => {
    await deployed(node, hello());
    const [tap = ""] = await here(node).taps();
    const mark = /alias (.*)/.exec(await ip("link", "show", "dev", tap))?.[1] ?? "";
    expect(mark).toMatch(/^mcp hello-vm\.\S+ [0-9a-f]{16}$/);
    await last(node.client.stop({ requestId: newRequestId(), service: "hello" }));
    await node.end("SIGKILL");
    await ip("tuntap", "add", "dev", tap, "mode", "tap");
    await ip("link", "set", "dev", tap, "alias", mark);
    await ip("link", "set", "dev", tap, "master", "mcp-br0");
    await node.start();
    await untilNoTrace(node);
  });
});
