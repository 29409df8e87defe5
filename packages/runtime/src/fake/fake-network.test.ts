import { describe, expect, it } from "vitest";
import type { BridgeAttachment } from "../guest-network.ts";
import type { WorkloadSpec } from "../spec.ts";
import { FakeHost } from "./fake-host.ts";
import { FakeNetwork } from "./fake-network.ts";
import { FakeRuntime } from "./fake-runtime.ts";

const { signal } = new AbortController();
const bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };
const attachment: BridgeAttachment = { bridge, address: "10.99.0.2", mac: "02:00:00:00:00:02" };

function open() {
  const network = new FakeNetwork();
  network.bridge = bridge;
  const host = new FakeHost({ kinds: ["microvm"], network });
  const image = host.addImage("example/hello:1");
  const spec = (name: string, more: Partial<BridgeAttachment> = {}): WorkloadSpec => ({
    name,
    kind: "microvm",
    labels: { service: "hello", component: name, instance: name, revision: 1, specHash: "v1" },
    image,
    hostname: name,
    env: {},
    ports: [],
    volumes: [],
    network: "",
    attachment: { ...attachment, ...more },
  });
  return { network, host, runtime: new FakeRuntime(host), spec };
}

describe("the fake's bridge", () => {
  it("has who runs on it, at its address, until it ends", async () => {
    const { network, host, runtime, spec } = open();
    await runtime.start(spec("web"), signal);
    expect((await network.status(signal)).guests).toMatchObject([{ instance: "web", address: "10.99.0.2" }]);
    expect((await runtime.inspect("web", signal))?.address).toBe("10.99.0.2");
    expect(await network.answering(bridge, ["10.99.0.2", "10.99.0.3"], signal)).toEqual(
      new Set(["10.99.0.2"]),
    );
    host.exit("web");
    expect((await network.status(signal)).guests).toEqual([]);
  });

  it("refuses who would have the address of another, or was to be on another bridge", async () => {
    const { network, runtime, spec } = open();
    network.strangers.add("10.99.0.9");
    await runtime.start(spec("web"), signal);
    const codeOf = (given: WorkloadSpec) =>
      runtime.start(given, signal).then(
        () => "started",
        ({ code }: { code?: string }) => code,
      );
    expect(await codeOf(spec("b"))).toBe("address_taken");
    expect(await codeOf(spec("c", { address: "10.99.0.9" }))).toBe("address_taken");
    const moved = { ...bridge, gateway: "10.98.0.1" };
    expect(await codeOf(spec("d", { bridge: moved, address: "10.98.0.2" }))).toBe("bridge_unusable");
    expect(await codeOf(spec("e", { bridge: { ...bridge, name: "br1" } }))).toBe("bridge_missing");
  });

  it("is found as the config has it", async () => {
    const { network } = open();
    const stateOf = async () => (await network.status(signal)).state;
    expect([await network.find(signal), await stateOf()]).toEqual([bridge, "ready"]);
    network.bridge = undefined;
    expect([await network.find(signal), await stateOf()]).toEqual([undefined, "absent"]);
    network.isNamed = true;
    expect(await stateOf()).toBe("failing");
    await expect(network.find(signal)).rejects.toMatchObject({ code: "bridge_missing" });
    network.isOff = true;
    expect([await network.find(signal), await stateOf()]).toEqual([undefined, "off"]);
  });
});
