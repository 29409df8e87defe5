import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestsMissing } from "./namespace.ts";
import { NodeInNamespace, type NodeProcess } from "./node-in-namespace.ts";

const missing = await guestsMissing();
const [total, atOnce] = [30, 5];

describe.skipIf(missing)(`thirty guests, five at a time${missing ? ` (${missing})` : ""}`, () => {
  let host: NodeInNamespace;
  let node: NodeProcess;
  beforeAll(async () => {
    host = await NodeInNamespace.open();
    await host.makeBridge();
    node = await host.start();
  }, 60_000);
  afterAll(() => host?.close(), 120_000);

  it("each answer at their own address, whoever comes and goes beside them, and leave nothing", async () => {
    const specs = Array.from({ length: total }, (_, index) => host.guest(index + 2));
    const live = async (spec: (typeof specs)[number]): Promise<void> => {
      await node.tell("start", spec);
      const said = await node.tell("ask", spec.attachment.address, "hostname; ifconfig eth0");
      expect(said).toContain(spec.name);
      expect(said).toContain(`addr:${spec.attachment.address} `);
      expect(said.toLowerCase()).toContain(spec.attachment.mac);
      await node.tell("remove", spec.name);
    };
    const waiting = [...specs];
    const lane = async (): Promise<void> => {
      for (let spec = waiting.shift(); spec; spec = waiting.shift()) await live(spec);
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    expect(await host.namespace.taps()).toEqual([]);
    expect(await host.namespace.run(["nft", "list", "ruleset"])).not.toMatch(/"mcpt[0-9a-f]/);
    expect(await host.namespace.run(["ip", "neigh", "show", "dev", "mcp-br0"])).not.toContain("lladdr");
    expect((await node.tell("checks")).filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    // Nobody but us has changed the rules, and nothing was put back for no reason.
    expect(await node.tell("heard")).toEqual([]);
  }, 400_000);
});
