import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { run } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type PodmanRig, rigMissing, startPodmanRig } from "./rig.ts";
import { endProcessesOf } from "./rig-leftovers.ts";
import { rangeOf, removeNetworks } from "./rig-networks.ts";

/** Two podmans of root's side by side; to the one that is closed, the other is an operator's. */
describe("the networks of a rig", () => {
  let other: PodmanRig;
  let url: string;
  const page = async () => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return (await answer.text()).trim();
  };

  const serve = async (rig: PodmanRig) => {
    await rig.cli(["network", "create", "net"]);
    const flags = ["--detach", "--name", "web", "--network", "net"];
    await rig.cli(["run", ...flags, rig.image, "httpd", "-f", "-p", "8080", "-h", "/www"]);
    const format = '{{(index .NetworkSettings.Networks "net").IPAddress}}';
    return `http://${(await rig.cli(["inspect", "--format", format, "web"])).trim()}:8080/`;
  };

  beforeEach(async ({ skip }) => {
    const why = await rigMissing("root");
    if (why !== undefined) skip(why);
    other = await startPodmanRig();
    url = await serve(other);
    await expect.poll(() => page().catch(String)).toBe("hello");
  }, 60_000);
  afterEach(() => other?.close(), 60_000);

  it("go with it when its podman was killed, and another podman's container still answers", async () => {
    const rig = await startPodmanRig();
    try {
      const own = new URL(await serve(rig)).hostname;
      const gateway = own.replace(/\d+$/, "");
      expect(new URL(url).hostname).not.toContain(gateway);
      expect((await run(["ip", "addr"])).stdout).toContain(` ${gateway}`);
      // Podman itself cleans nothing up.
      await rig.service.kill();
      await endProcessesOf(rig.folder, 0);
      await removeNetworks(rig.folder);
      expect((await run(["ip", "addr"])).stdout).not.toContain(` ${gateway}`);
      expect(await page()).toBe("hello");
    } finally {
      await rig.close();
    }
    expect(await page()).toBe("hello");
  }, 120_000);

  it("are not those of a container that lives, though its addresses and its bridge are the same", async () => {
    const folder = await mkdtemp("/tmp/mcpt-");
    const key = (await other.cli(["inspect", "--format", "{{.NetworkSettings.SandboxKey}}", "web"])).trim();
    try {
      await cp(join(other.folder, "networks"), join(folder, "networks"), { recursive: true });
      await removeNetworks(folder, rangeOf(other.folder));
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(await page()).toBe("hello");
    // Without a name it lives on as long as the process, and podman cannot find it any more.
    expect(await readdir("/run/netns")).toContain(basename(key));
  }, 60_000);
});
