import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readIdentity, signalTo } from "../../src/process/process-identity.ts";
import { guestsMissing } from "./namespace.ts";
import { NodeInNamespace, type NodeProcess } from "./node-in-namespace.ts";

const missing = await guestsMissing();

describe.skipIf(missing)(`what a guest leaves on the network${missing ? ` (${missing})` : ""}`, () => {
  let host: NodeInNamespace;
  let node: NodeProcess;
  beforeEach(async () => {
    host = await NodeInNamespace.open();
    await host.makeBridge();
    node = await host.start();
  });
  afterEach(() => host?.close(), 60_000);

  /** Devices, addresses that are remembered, and machines in the rules. */
  const traces = async (): Promise<readonly string[]> => {
    const rules = await host.namespace.try(["nft", "list", "ruleset"]);
    const neighbours = await host.namespace.run(["ip", "neigh", "show", "dev", "mcp-br0"]);
    return [
      ...(await host.namespace.taps()),
      ...(rules.match(/"mcpt[0-9a-f]{11}"/g) ?? []),
      ...neighbours.split("\n").filter((line) => line.includes("lladdr")),
    ];
  };
  const untilNothing = () => expect.poll(traces, { timeout: 15_000, interval: 50 }).toEqual([]);

  it("is nothing, at once, after it was stopped, was removed, or failed to start", async () => {
    const spec = host.guest(2);
    await node.tell("start", spec);
    expect(await traces()).toHaveLength(2);
    await node.tell("stop", spec.name);
    expect(await traces()).toEqual([]);
    await node.tell("start", spec);
    expect(await node.tell("inspect", spec.name)).toMatchObject({ state: "running", address: "10.99.0.2" });
    await node.tell("remove", spec.name);
    expect(await traces()).toEqual([]);
    const broken = host.guest(3, { entrypoint: ["/no/such/program"] });
    await expect(node.tell("start", broken)).rejects.toMatchObject({ code: "start_failed" });
    expect(await traces()).toEqual([]);
  }, 120_000);

  it("is nothing after its program ended, or its QEMU was killed", async () => {
    const [first, second] = [host.guest(2), host.guest(3)];
    await Promise.all([first, second].map((spec) => node.tell("start", spec)));
    const qemu = await readIdentity(join(host.stateDir, first.name, "pid"));
    if (qemu) await signalTo(qemu, "SIGKILL");
    // Who is told so has no time to answer.
    await node.tell("ask", "10.99.0.3", "kill $PPID").catch(() => {});
    await untilNothing();
    expect((await node.tell("checks")).filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  }, 120_000);

  it("is nothing once an agent that was killed is back, whose guest has died meanwhile, and what lives goes on", async () => {
    const [dies, lives] = [host.guest(2), host.guest(3)];
    await Promise.all([dies, lives].map((spec) => node.tell("start", spec)));
    await node.kill();
    const qemu = await readIdentity(join(host.stateDir, dies.name, "pid"));
    if (qemu) await signalTo(qemu, "SIGKILL");
    expect(await host.namespace.taps()).toHaveLength(2);
    node = await host.start();
    await expect.poll(() => host.namespace.taps(), { timeout: 15_000, interval: 50 }).toHaveLength(1);
    expect(await node.tell("ask", "10.99.0.3", "echo alive")).toContain("alive");
    await node.tell("remove", lives.name);
    await untilNothing();
  }, 120_000);

  it.each(["record", "shares", "rules", "tap", "qemu"])(
    "is nothing once an agent is back that was killed in a start, after: %s",
    async (where) => {
      await node.close();
      const spec = host.guest(2);
      node = await host.start({}, { stands: { name: spec.name, where } });
      void node.tell("start", spec).catch(() => {});
      await node.standing;
      await node.kill();
      node = await host.start();
      if (where === "qemu") {
        // It came up by itself.
        await node.tell("start", spec);
        expect(await node.tell("ask", "10.99.0.2", "echo alive")).toContain("alive");
        await node.tell("remove", spec.name);
      }
      await untilNothing();
      await node.tell("remove", spec.name);
    },
    120_000,
  );

  it("leaves no process that watches the rules, also when the agent is killed", async () => {
    const watchers = async (): Promise<number> => {
      const pids = (await host.namespace.run(["ip", "netns", "pids", host.namespace.name]))
        .split("\n")
        .filter(Boolean);
      const argvs = await Promise.all(
        pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
      );
      return argvs.filter((argv) => argv.startsWith("nft\0monitor")).length;
    };
    await expect.poll(watchers, { timeout: 10_000 }).toBe(1);
    await node.kill();
    await expect.poll(watchers, { timeout: 10_000 }).toBe(0);
  }, 60_000);
});
