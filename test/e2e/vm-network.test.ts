import { once } from "node:events";
import { text } from "node:stream/consumers";
import { realClock } from "@mcp/host";
import { afterAll, describe, expect, it } from "vitest";
import { spawnAgent } from "../../apps/agent/test/agent-process.ts";
import { deploy, last, newRequestId, withNode } from "./node.ts";

/** A node in a network of its own, whose virtual machines come onto a bridge. Skipped where there can be none, with why. */
const node = withNode({ microvms: true, ownNetwork: true });

const hello = (greeting: string): string => `
name = "hello"
[[components]]
name = "vm"
image = "${node.rig.image}"
runtime = "microvm"
memory = 128
volumes = []
entrypoint = ["/bin/sh", "-c"]
cmd = ["mkdir -p /tmp/www; echo ${greeting} >/tmp/www/index.html; httpd -f -p 8080 -h /tmp/www"]
grace = "1s"
start_period = "0s"
health = { tcp = 8080, interval = "500ms", timeout = "2s", start_period = "60s" }
`;

/** `mcp-agent network`, as somebody types it there. */
async function network(word: string) {
  const child = spawnAgent(["network", word, "--config", node.config], undefined, {}, node.network?.words);
  const closed = once(child, "close");
  const said = await Promise.all([child.stdout, child.stderr].map((out) => (out ? text(out) : "")));
  const [exitCode] = await closed;
  return { exitCode: exitCode as number, said: said.join("") };
}

const moves = "hello/vm moves from user networking to mcp-br0, at 10.99.0.2";
const component = async () => (await node.client.status({ service: "hello" })).services?.[0]?.components?.[0];
const taps = async () => (await node.network?.taps()) ?? [];
const page = () => node.network?.run(["busybox", "wget", "-q", "-O", "-", "http://10.99.0.2:8080/"]);

describe("a virtual machine whose node gets a bridge", () => {
  afterAll(async () => {
    await last(node.client.undeploy({ requestId: newRequestId(), service: "hello" })).catch(() => {});
  });

  it("goes on as it is until its next deploy, which says what it will change", async () => {
    const bare = hello("none").replace(/^health = .*$/m, "");
    expect((await deploy(node, bare)).state).toBe("STATE_SUCCEEDED");
    const { instance } = (await component()) ?? {};
    expect(await network("setup")).toMatchObject({ exitCode: 0 });
    await node.passes(2);
    expect(await component()).toMatchObject({ instance, observed: "OBSERVED_STATE_RUNNING" });
    const definition = { toml: bare, file: "test.toml" };
    expect((await node.client.plan({ deploy: definition })).notes).toEqual([moves]);
  });

  it("is on it once it is deployed, with a page and a health that are asked for at its address", async () => {
    const { state, problem, notes } = await deploy(node, hello("one"));
    expect({ state, problem: problem?.message }).toEqual({ state: "STATE_SUCCEEDED", problem: undefined });
    expect(notes).toEqual([moves]);
    expect(await page()).toBe("one\n");
    expect(await taps()).toHaveLength(1);
    expect(await component()).toMatchObject({ address: "10.99.0.2", health: { state: "healthy" } });
    const { instances } = await node.client.liveCheck({});
    expect(instances?.map(({ address }) => address)).toEqual(["10.99.0.2"]);
    expect((await node.client.nodeStatus({})).node?.network).toMatchObject({
      state: "ready",
      addressesGiven: "1",
      guests: 1,
    });
  });

  it("has the same address after its next deploy, and the old one leaves nothing", async () => {
    expect((await deploy(node, hello("two"))).state).toBe("STATE_SUCCEEDED");
    expect(await page()).toBe("two\n");
    expect(await taps()).toHaveLength(1);
  });

  it("has its guards back within two seconds when somebody flushes them, and that is told", async () => {
    const flushedMs = Date.now();
    await node.network?.run(["nft", "flush", "ruleset"]);
    const told = async () =>
      (await node.client.listEvents({ limit: 20 })).events?.find(({ kind }) => kind === "network_repaired");
    while (!(await told()) && Date.now() < flushedMs + 10_000) await realClock.sleep(50);
    expect(Date.parse((await told())?.at ?? "") - flushedMs).toBeLessThan(2_000);
    expect(await node.network?.run(["nft", "list", "table", "bridge", "mcp"])).toContain("10.99.0.2");
  });

  it("is reached while its agent is dead, and known to the next one", async () => {
    await node.end("SIGKILL");
    expect(await page()).toBe("two\n");
    await node.start();
    expect(await component()).toMatchObject({ address: "10.99.0.2" });
    expect(await network("teardown")).toMatchObject({ exitCode: 3, said: expect.stringContaining("in use") });
    expect(await taps()).toHaveLength(1);
  });

  it("leaves no device, rule or address when it is undeployed, so that the bridge can go", async () => {
    await last(node.client.undeploy({ requestId: newRequestId(), service: "hello" }));
    expect(await taps()).toEqual([]);
    expect(await node.network?.run(["nft", "list", "table", "bridge", "mcp"])).not.toMatch(
      /mcpt[0-9a-f]{11}/,
    );
    expect((await node.client.nodeStatus({})).node?.network).toMatchObject({ state: "ready" });
    expect((await node.client.nodeStatus({})).node?.network?.addressesGiven).toBeUndefined();
    const { checks } = await node.client.doctor({});
    const about = checks?.filter(({ name }) => name?.startsWith("network:")) ?? [];
    expect(about.filter(({ outcome }) => outcome !== "OUTCOME_OK")).toEqual([]);
    expect(about.length).toBeGreaterThan(3);
    expect(await network("teardown")).toMatchObject({ exitCode: 0 });
  });
});
