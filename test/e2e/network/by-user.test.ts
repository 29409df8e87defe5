import { chmod, readFile, writeFile } from "node:fs/promises";
import { run } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { withNode } from "../node.ts";
import { vmProcesses } from "../vm-processes.ts";
import {
  ask,
  complaints,
  deployed,
  failure,
  guest,
  here,
  lives,
  mcpAgent,
  rulesAreThere,
  undeploy,
  untilNoTrace,
} from "./on-bridge.ts";

const nobody = 65_534;
const asNobody = ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--no-new-privs"];
/** An ordinary user's agent, and one whose unit has `AmbientCapabilities=CAP_NET_ADMIN`. */
const without = [...asNobody, "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--"];
const withIt = [
  ...asNobody,
  ...["--inh-caps=+net_admin", "--ambient-caps=+net_admin", "--bounding-set=-all,+net_admin", "--"],
];

const node = withNode({
  microvms: true,
  ownNetwork: true,
  async prepare() {
    await node.end("SIGTERM");
    // All that was root's agent's is now that user's.
    await run(["chown", "-R", `${nobody}:${nobody}`, node.folder]);
    await chmod(node.rig.socket, 0o666);
    const config = await readFile(node.config, "utf8");
    await writeFile(node.config, config.replace('user = "nobody"', 'user = ""'));
  },
});

/** The capabilities of a process, each set as the kernel prints it. */
async function capabilitiesOf(pid: number): Promise<Readonly<Record<string, string>>> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Object.fromEntries(
    [...status.matchAll(/^(Cap(?:Inh|Prm|Eff|Amb)|Uid):\s+(\S+)/gm)].map(([, key, value]) => [key, value]),
  );
}
const none = {
  ...{ CapInh: "0".repeat(16), CapPrm: "0".repeat(16), CapEff: "0".repeat(16), CapAmb: "0".repeat(16) },
  Uid: String(nobody),
};
const netAdmin = "0000000000001000";

/** The tests of this suite tell one story, in order. */
describe("an agent that is not root", () => {
  it("puts nobody on the bridge without the capability for it, and says how to give it that", async () => {
    expect(await mcpAgent(node, "network setup")).toMatchObject({ exitCode: 0 });
    await node.start(without);
    const refused = {
      code: "network_not_permitted",
      hint: expect.stringContaining("AmbientCapabilities=CAP_NET_ADMIN"),
    };
    expect(await failure(node, guest(node, "hello"))).toMatchObject(refused);
    expect(await complaints(node)).toContain("CAP_NET_ADMIN");
    expect(await here(node).taps()).toEqual([]);
    for (const command of ["network setup", "network teardown"]) {
      await here(node).run(["nft", "flush", "ruleset"]);
      const { exitCode, said } = await mcpAgent(node, command, {}, without);
      expect({ command, exitCode, said }).toMatchObject({
        exitCode: 8,
        said: expect.stringContaining("AmbientCapabilities=CAP_NET_ADMIN"),
      });
    }
    expect(await here(node).run(["ip", "link", "show", "mcp-br0"])).toContain("mcp-br0");
    await node.end("SIGTERM");
    expect(await mcpAgent(node, "network teardown")).toMatchObject({ exitCode: 0 });
  });

  it("makes the bridge, and runs a guest on it, with that capability alone", async () => {
    expect(await mcpAgent(node, "network setup", {}, withIt)).toMatchObject({ exitCode: 0 });
    await node.start(withIt);
    expect(await capabilitiesOf(node.agent.pid ?? 0)).toMatchObject({
      CapEff: netAdmin,
      Uid: String(nobody),
    });
    await deployed(node, guest(node, "hello"));
    expect(await ask(node, "10.99.0.2", "echo there")).toContain("there");
    expect(await complaints(node)).toBe("");
  });

  it("gives nothing of that to QEMU, or to what looks after it", async () => {
    const { pid } = await lives(node, "hello");
    expect(await capabilitiesOf(pid)).toEqual(none);
    const beside = await vmProcesses(node.vmState);
    expect(beside.length).toBeGreaterThan(0);
    for (const each of beside) expect(await capabilitiesOf(each.pid)).toEqual(none);
  });

  it("keeps the rules, through its own death as well", async () => {
    await here(node).run(["nft", "flush", "ruleset"]);
    const began = performance.now();
    await expect.poll(() => rulesAreThere(node), { timeout: 5_000, interval: 20 }).toBe(true);
    expect(performance.now() - began).toBeLessThan(2_000);
    await node.end("SIGKILL");
    await node.start(withIt);
    expect(await ask(node, "10.99.0.2", "echo there")).toContain("there");
    await undeploy(node, "hello");
    await untilNoTrace(node);
    expect(await mcpAgent(node, "network teardown", {}, withIt)).toMatchObject({ exitCode: 0 });
  });
});
