import { chmod, chown } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readIdentity } from "../../src/process/process-identity.ts";
import { statusOf } from "../machine-rig.ts";
import { guestsMissing } from "./namespace.ts";
import { NodeInNamespace } from "./node-in-namespace.ts";

const missing = await guestsMissing();
const nobody = 65_534;

/** As a service with `AmbientCapabilities=CAP_NET_ADMIN`, which is not root. */
const asService = [
  ...["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--no-new-privs"],
  ...["--inh-caps=+net_admin", "--ambient-caps=+net_admin", "--bounding-set=-all,+net_admin", "--"],
];

describe.skipIf(missing)(`an agent that is not root${missing ? ` (${missing})` : ""}`, () => {
  let host: NodeInNamespace;
  beforeEach(async () => {
    host = await NodeInNamespace.open();
    for (const path of [host.folder, host.stateDir]) {
      await chown(path, nobody, nobody);
      await chmod(path, 0o711);
    }
  });
  afterEach(() => host?.close(), 60_000);

  it("makes the bridge and puts guests on it, with that capability alone, which nothing that it starts has", async () => {
    const node = await host.start({ allow: ["8443"] }, { user: "" }, asService);
    expect((await node.tell("setUp", "10.99.0.1/24")).did).toHaveLength(2);
    const spec = host.guest(2);
    await node.tell("start", spec);
    expect(await node.tell("ask", "10.99.0.2", "echo alive")).toContain("alive");
    const qemu = await readIdentity(join(host.stateDir, spec.name, "pid"));
    const has = (field: string) => statusOf(qemu?.pid ?? 0, field);
    expect(await has("Uid")).toBe([nobody, nobody, nobody, nobody].join("\t"));
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) expect(await has(set)).toMatch(/^0+$/);
    await host.namespace.run(["nft", "flush", "ruleset"]);
    await expect.poll(() => host.rulesAreThere(), { timeout: 5_000, interval: 20 }).toBe(true);
    expect((await node.tell("checks")).filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    await node.tell("remove", spec.name);
    expect(await host.namespace.taps()).toEqual([]);
    expect((await node.tell("tearDown")).did).toHaveLength(2);
  }, 120_000);
});
