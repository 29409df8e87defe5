import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestsMissing } from "./namespace.ts";
import { NodeInNamespace, type NodeProcess } from "./node-in-namespace.ts";

const missing = await guestsMissing();
describe.skipIf(missing)(`a guest on the bridge${missing ? ` (${missing})` : ""}`, () => {
  let host: NodeInNamespace;
  let node: NodeProcess;
  const address = "10.99.0.2";
  beforeAll(async () => {
    host = await NodeInNamespace.open();
    await host.makeBridge();
    node = await host.start({ allow: ["8443"] });
    await node.tell("start", host.guest(2));
  }, 120_000);
  afterAll(() => host?.close(), 60_000);

  it("answers", async () => {
    expect(await node.tell("ask", address, "echo hello; ifconfig eth0; route -n")).toContain("hello");
  });
});
