import { ObservedState } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { definition, last, newRequestId, openRig, type Rig, summary } from "./rig.ts";

const hello = (tag: number) => definition("hello", `name = "hello"\nimage = "localhost/hello:${tag}"`);

async function openHello(): Promise<{ rig: Rig; name: string }> {
  const rig = await openRig();
  rig.host.addImage("localhost/hello:1");
  rig.host.addImage("localhost/hello:2");
  await rig.deploy(hello(1));
  return { rig, name: rig.host.running[0] ?? expect.fail("nothing runs") };
}

const component = async (rig: Rig) =>
  (await rig.client.status({ service: "hello" })).services[0]?.components[0];

describe("an instance's name", () => {
  it("that somebody has changed makes it unknown: nothing is started beside it, and status says why", async () => {
    const { rig, name } = await openHello();
    await using _ = rig;
    rig.host.rename(name, "by-hand");
    for (const act of [() => rig.deploy(hello(1)), () => rig.deploy(hello(2))])
      expect(summary(await act())).toMatchObject({ state: "FAILED", problem: "observation_unknown" });
    const restarted = await last(rig.client.restart({ requestId: newRequestId(), service: "hello" }));
    expect(summary(restarted)).toMatchObject({ problem: "observation_unknown" });
    expect(rig.host.running).toEqual(["by-hand"]);
    const seen = await component(rig);
    expect(seen?.observed).toBe(ObservedState.UNKNOWN);
    expect(seen?.drift[0]?.text).toContain(`renamed ${name} to by-hand`);
    rig.host.rename("by-hand", name);
    expect(summary(await rig.deploy(hello(2)))).toMatchObject({ state: "SUCCEEDED" });
    expect(rig.host.workloads).toHaveLength(1);
  });

  it("that a stranger has taken does not keep it from being replaced and removed", async () => {
    const { rig, name } = await openHello();
    await using _ = rig;
    rig.host.vanish(name);
    rig.host.addStranger(name);
    const stranger = rig.host.machine.get(name);
    expect(summary(await rig.deploy(hello(2)))).toMatchObject({ state: "SUCCEEDED" });
    const undeployed = await last(rig.client.undeploy({ requestId: newRequestId(), service: "hello" }));
    expect(summary(undeployed)).toMatchObject({ state: "SUCCEEDED" });
    expect(rig.host.workloads).toEqual([]);
    expect(rig.host.machine.get(name)).toBe(stranger);
    expect(stranger?.isRunning).toBe(true);
  });
});
