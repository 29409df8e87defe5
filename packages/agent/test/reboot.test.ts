import { type Clock, Problem } from "@mcp/base";
import { realClock } from "@mcp/host";
import { ObservedState } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { openMachine, running, stage } from "./machine.ts";
import { definition, until } from "./rig.ts";
import { openVmRig, type VmRig } from "./vm-rig.ts";

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

describe("after a reboot, containers and virtual machines", () => {
  const one = (service: string, runtime: "container" | "microvm", restart: string) => {
    const size = runtime === "microvm" ? "memory = 128\n" : "";
    const image = "localhost/hello:1";
    return definition(
      service,
      `name = "${service}"\nimage = "${image}"\nruntime = "${runtime}"\nrestart = "${restart}"\n${size}`,
    );
  };

  async function deployAll(bootId: () => string): Promise<VmRig> {
    const rig = await openVmRig({ intervalMs: 200, bootId: async () => bootId() });
    rig.addImage(1);
    await rig.deploy(one("web", "container", "unless-stopped"));
    await rig.deploy(one("ids", "microvm", "on-failure:1"));
    await rig.deploy(one("box", "microvm", "no"));
    return rig;
  }
  const names = ({ host, vms }: VmRig) => [...host.running, ...vms.running].sort();
  const ranBefore = async (rig: VmRig, before: readonly string[]): Promise<void> => {
    await until("all run", () => names(rig).length === 3);
    expect(names(rig)).toEqual(before);
    await until("all is as it should be", async () => {
      const { services } = await rig.client.status({});
      return services.every(({ components: [found] }) => found?.drift.length === 0);
    });
    for (const { instances } of await rig.life.registry.services())
      expect(instances).toMatchObject([{ restarts: 0, quickEnds: 0 }]);
    expect([...rig.host.violations, ...rig.vms.violations]).toEqual([]);
  };

  it("are all started, each as the instance that it was, in the order of the stages", async () => {
    let bootId = "one";
    await using rig = await deployAll(() => bootId);
    const before = names(rig);
    await rig.life.kill();
    bootId = "two";
    for (const machine of [rig.host, rig.vms]) machine.reboot();
    await rig.boot({ boot: [stage("foundation", ["ids"]), stage("core", ["web"])] });
    await ranBefore(rig, before);
    const { events } = await rig.client.listEvents({ limit: 1_000 });
    const started = events.filter(({ text }) => text.endsWith("after a boot of this machine"));
    expect(started.map(({ service }) => service)).toEqual(["ids", "web", "box"]);
  });

  it("come back from a shutdown in order, whatever code they ended with, and from one right after that", async () => {
    let bootId = "one";
    await using rig = await deployAll(() => bootId);
    const before = names(rig);
    for (const next of ["two", "three"]) {
      await rig.life.agent.stop();
      for (const name of rig.host.running) rig.host.exit(name, 143, "signal");
      for (const name of rig.vms.running) rig.vms.exit(name, 0);
      await rig.life.kill();
      bootId = next;
      await rig.boot();
      await ranBefore(rig, before);
    }
  });

  it("of which one kind cannot be seen wait for nothing but that, and are started once it can", async () => {
    let bootId = "one";
    await using rig = await deployAll(() => bootId);
    const before = names(rig);
    await rig.life.kill();
    bootId = "two";
    for (const machine of [rig.host, rig.vms]) machine.reboot();
    rig.vms.down = new Problem("runtime_unavailable", "its state folder is not mounted", "mount it");
    await rig.boot();
    await until("the container runs", () => rig.host.running.length === 1);
    expect(rig.vms.running).toEqual([]);
    rig.vms.down = undefined;
    await ranBefore(rig, before);
  });
});
