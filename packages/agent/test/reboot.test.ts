import { type Clock, Problem } from "@mcp/base";
import { realClock } from "@mcp/host";
import { ObservedState } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { openMachine, running } from "./machine.ts";
import { until } from "./rig.ts";

const componentOf = async (
  rig: { client: Awaited<ReturnType<typeof openMachine>>["rig"]["client"] },
  service: string,
) => (await rig.client.status({ service })).services[0]?.components[0];

describe("after a reboot, without a boot sequence", () => {
  it("everything that should run is started at once, and what was stopped stays so", async () => {
    await using machine = await openMachine(["a", "b", "c"]);
    const { rig } = machine;
    for await (const _ of rig.client.stop({ requestId: "stop-b-1", service: "b" }));
    await machine.reboot();
    await until("both run", () => rig.host.running.length === 2);
    expect(machine.started().sort()).toEqual(["a", "c"]);
    expect(rig.host.violations).toEqual([]);
  });

  it("what is gone altogether is made again under its own name", async () => {
    await using machine = await openMachine(["a"]);
    const { host } = machine.rig;
    const [name] = host.running;
    await machine.reboot({}, () => {
      host.vanish(name as string);
    });
    await until("it runs", () => host.running.length === 1);
    expect(host.running).toEqual([name]);
  });

  it("the agent answers before anything was started", async () => {
    await using machine = await openMachine(["a"]);
    const { host } = machine.rig;
    await machine.reboot({}, () => {
      host.fail("start", "hang", 1);
    });
    const found = await componentOf(machine.rig, "a");
    expect(found?.observed).not.toBe(ObservedState.RUNNING);
  });

  it("is no crash: ten reboots right after a start count neither as restarts nor as quick ends", async () => {
    await using machine = await openMachine(["a"]);
    const { rig } = machine;
    for (let boot = 0; boot < 10; boot++) {
      await machine.reboot();
      await until("it runs", () => rig.host.running.length === 1);
      await until(
        "that is known",
        async () => (await componentOf(rig, "a"))?.observed === ObservedState.RUNNING,
      );
    }
    expect(await componentOf(rig, "a")).toMatchObject({ restarts: 0, quickEnds: 0 });
    const [record] = (await rig.life.registry.services(["a"]))[0]?.instances ?? [];
    expect(record).toMatchObject({ restarts: 0, quickEnds: 0 });
  });

  it("the count of a crash loop goes on after it", async () => {
    await using machine = await openMachine(["a"]);
    const { rig } = machine;
    const [name] = rig.host.running;
    await rig.life.registry.setInstance(name as string, { restarts: 7, quickEnds: 2 });
    await machine.reboot();
    await until("it runs", () => rig.host.running.length === 1);
    await until("that is recorded", async () => {
      const record = await rig.life.registry.instance(name as string);
      return record?.restarts === 7 && record.quickEnds === 2 && record.startedAtMs !== undefined;
    });
  });

  it("what never restarts by itself is started, since a reboot is no end of its own", async () => {
    await using machine = await openMachine(["a"]);
    const { rig } = machine;
    await rig.deploy(running("a", 'restart = "no"'));
    await machine.reboot();
    await until("it runs", () => rig.host.running.length === 1);
  });

  it("what had done its work before stays ended", async () => {
    await using machine = await openMachine(["a"]);
    const { rig } = machine;
    await rig.deploy(running("a", 'restart = "on-failure"'));
    rig.host.exit(rig.host.running[0] as string, 0);
    await until(
      "that is known",
      async () => (await componentOf(rig, "a"))?.observed === ObservedState.EXITED,
    );
    await machine.reboot();
    await until("it was looked at", () => rig.host.calls.some(({ call }) => call === "list"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(machine.started()).toEqual([]);
  });

  it("what a shutdown asked to end comes back, though it ended without a failure", async () => {
    await using machine = await openMachine(["a", "b", "c"]);
    const { rig } = machine;
    for (const name of ["a", "b", "c"]) await rig.deploy(running(name, 'restart = "on-failure:1"'));
    for await (const _ of rig.client.stop({ requestId: "stop-c-1", service: "c" }));
    await machine.shutDown(0);
    await until("both run", () => rig.host.running.length === 2);
    expect(machine.started().sort()).toEqual(["a", "b"]);
    for (const name of ["a", "b"])
      expect(await componentOf(rig, name)).toMatchObject({ restarts: 0, quickEnds: 0 });
  });

  it("what had done its work a while before a shutdown stays ended", async () => {
    let aheadMs = 0;
    const clock: Clock = { ...realClock, now: () => Date.now() + aheadMs };
    await using machine = await openMachine(["a", "b"], { clock });
    const { rig } = machine;
    for (const name of ["a", "b"]) await rig.deploy(running(name, 'restart = "on-failure"'));
    const [worker] = rig.host.running.filter((name) => name.startsWith("a."));
    rig.host.exit(worker as string, 0);
    await until("that is recorded", async () => {
      const record = await rig.life.registry.instance(worker as string);
      return record?.lastExit !== undefined;
    });
    aheadMs = 60_000;
    await machine.shutDown(0);
    await until("the other one runs", () => rig.host.running.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(machine.started()).toEqual(["b"]);
  });

  it("is not what a restart of the agent is: what did its work just before that stays ended", async () => {
    await using machine = await openMachine(["a"]);
    const { rig } = machine;
    await rig.deploy(running("a", 'restart = "on-failure"'));
    const [worker = ""] = rig.host.running;
    rig.host.calls.length = 0;
    rig.host.exit(worker, 0);
    await rig.life.agent.stop();
    await machine.killAgent();
    await until("that is recorded", async () => {
      const record = await rig.life.registry.instance(worker);
      return record?.lastExit !== undefined;
    });
    await rig.life.agent.engine.inLane("a", async () => {});
    expect(machine.started()).toEqual([]);
  });

  it("in another store nothing is missing, and nothing is started", async () => {
    await using machine = await openMachine(["a"]);
    const { host } = machine.rig;
    await machine.reboot({}, () => {
      host.store = "another";
    });
    await until(
      "that is known",
      async () => (await componentOf(machine.rig, "a"))?.observed === ObservedState.UNKNOWN,
    );
    expect(machine.started()).toEqual([]);
  });

  it("an agent that cannot know which boot this is starts what should run all the same", async () => {
    await using machine = await openMachine(["a"]);
    const bootId = () => Promise.reject(new Problem("tool_missing", "no boot id", "use Linux"));
    await machine.reboot({ bootId });
    await until("it runs", () => machine.rig.host.running.length === 1);
  });
});
