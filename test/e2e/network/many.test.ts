import { expect, it } from "vitest";
import { withNode } from "../node.ts";
import {
  addressOf,
  ask,
  complaints,
  deployed,
  guest,
  here,
  mcpAgent,
  traces,
  undeploy,
} from "./on-bridge.ts";

const node = withNode({
  microvms: true,
  ownNetwork: true,
  prepare: async () => expect(await mcpAgent(node, "network setup")).toMatchObject({ exitCode: 0 }),
});

/** CI has a tenth of it. */
const waves = process.env.MCP_SOAK === "1" ? 10 : 1;
const atOnce = 3;

it(`${waves * atOnce} virtual machines (30 with --soak), ${atOnce} at a time, leave no address and no device`, async () => {
  const { addressesTotal } = (await node.client.nodeStatus({})).node?.network ?? {};
  expect(addressesTotal).toBe("253");
  for (let wave = 0; wave < waves; wave++) {
    const names = Array.from({ length: atOnce }, (_, at) => `wave-${wave}-${at}`);
    await Promise.all(names.map((name) => deployed(node, guest(node, name))));
    const addresses = await Promise.all(names.map((name) => addressOf(node, name)));
    expect(addresses.toSorted()).toEqual(["10.99.0.2", "10.99.0.3", "10.99.0.4"]);
    for (const address of addresses)
      expect(await ask(node, address ?? "", "ifconfig eth0")).toContain(address);
    expect(await here(node).taps()).toHaveLength(atOnce);
    const { network } = (await node.client.nodeStatus({})).node ?? {};
    expect(network).toMatchObject({ addressesGiven: String(atOnce), guests: atOnce });
    await Promise.all(names.map((name) => undeploy(node, name)));
    expect(await traces(node)).toEqual([]);
    expect((await node.client.nodeStatus({})).node?.network?.addressesGiven).toBeUndefined();
  }
  expect(await complaints(node)).toBe("");
}, 900_000);
