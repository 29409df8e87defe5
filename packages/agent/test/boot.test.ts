import { Problem } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { conditions, imageOf, listener, openMachine, running, stage } from "./machine.ts";
import { newRequestId, until } from "./rig.ts";

const refused = new Problem("start_failed", "its program does not start", "mend it");
const later = (ms = 150) => new Promise((resolve) => setTimeout(resolve, ms));

describe("the boot sequence", () => {
  it("starts what a stage names when the one before has passed, and what no stage names at last", async () => {
    await using machine = await openMachine(["other", "web", "mcr", "ids"]);
    await machine.reboot({
      boot: [stage("foundation", ["ids"]), stage("core", ["mcr"]), stage("edge", ["web"])],
    });
    await until("all run", () => machine.rig.host.running.length === 4);
    expect(machine.started()).toEqual(["ids", "mcr", "web", "other"]);
    await until("that is told", async () => (await machine.told()).length === 7);
    expect(await machine.told()).toEqual([
      'boot stage 1 of 3 "foundation" began',
      'boot stage 1 of 3 "foundation" passed',
      'boot stage 2 of 3 "core" began',
      'boot stage 2 of 3 "core" passed',
      'boot stage 3 of 3 "edge" began',
      'boot stage 3 of 3 "edge" passed',
      "the boot sequence is done; every stage passed",
    ]);
  });

  it("holds nothing when only the agent is started anew", async () => {
    await using machine = await openMachine(["ids", "other"]);
    await machine.reboot({ boot: [stage("foundation", ["ids"])] });
    await until("all run", () => machine.rig.host.running.length === 2);
    await until("it is done", async () => (await machine.told()).length === 3);
    const { host } = machine.rig;
    host.onCall = ({ call, subject }) => {
      if (call === "start" && subject.startsWith("ids")) throw refused;
    };
    for (const name of host.running) host.exit(name, 1);
    await machine.killAgent();
    await until("what no stage names is back", () =>
      machine.rig.host.running.some((name) => name.startsWith("other")),
    );
    expect(await machine.told()).toHaveLength(3);
  });

  it("a foundation that does not come blocks for ever, says so, and goes on when it is well", async () => {
    await using machine = await openMachine(["ids", "mcr", "other"]);
    const { host } = machine.rig;
    await machine.reboot(
      { boot: [stage("foundation", ["ids"], { timeoutMs: 100 }), stage("core", ["mcr"])] },
      () => {
        host.fail("start", refused, 1_000);
      },
    );
    await until("that is told", () => conditions(machine).length === 1);
    expect(conditions(machine)[0]).toMatchObject({
      code: "boot_blocked",
      subject: "foundation",
      severity: "critical",
      title: "the boot is blocked by its stage foundation",
    });
    expect(conditions(machine)[0]?.text).toContain("It waits for: ids (exited).");
    await later();
    expect(new Set(machine.started())).toEqual(new Set(["ids"]));
    expect(await machine.told()).toEqual([
      'boot stage 1 of 2 "foundation" began',
      'boot stage 1 of 2 "foundation" was not well in time, it blocks what comes after it, and is tried on: it waits for ids (exited)',
    ]);

    host.clearFaults();
    await until("all run", () => host.running.length === 3);
    expect(conditions(machine)).toEqual([]);
    expect(machine.started().slice(-3)).toEqual(["ids", "mcr", "other"]);
  });

  it("a later stage is given up at its time, and its warning ends when it is well", async () => {
    await using machine = await openMachine(["mcr", "web", "other"]);
    const { host } = machine.rig;
    await machine.reboot(
      { boot: [stage("core", ["mcr"], { timeoutMs: 100 }), stage("edge", ["web"])] },
      () => {
        host.fail("start", refused, 1);
        host.onCall = ({ call, subject }) => {
          if (call === "start" && subject.startsWith("mcr")) throw refused;
        };
      },
    );
    await until("the others run", () => host.running.length === 2);
    expect(conditions(machine)).toMatchObject([
      { code: "boot_stage_failed", subject: "core", severity: "warning" },
    ]);
    await until("it is done", async () => (await machine.told()).length === 5);
    expect((await machine.told()).at(-1)).toBe("the boot sequence is done; given up for now: core");

    // Also by an agent that begins after that.
    await machine.killAgent();
    await until("it is known", () => conditions(machine).length === 1);
    host.onCall = () => {};
    await machine.rig.client
      .start({ requestId: newRequestId(), service: "mcr" })
      [Symbol.asyncIterator]()
      .next();
    await until("it runs", () => host.running.length === 3);
    await until("nothing is wrong", () => conditions(machine).length === 0);
    expect((await machine.told()).at(-1)).toBe('boot stage 1 of 2 "core" passed');
  });

  it("a stage whose agent is killed has no more time for that, and begins only once", async () => {
    await using machine = await openMachine(["mcr", "web"]);
    const { host } = machine.rig;
    let uptimeMs = 10_000;
    const boot = [stage("core", ["mcr"], { timeoutMs: 60_000 }), stage("edge", ["web"])];
    await machine.reboot({ boot, uptimeMs: () => uptimeMs }, () => {
      host.onCall = ({ call, subject }) => {
        if (call === "start" && subject.startsWith("mcr")) throw refused;
      };
    });
    await until("the first stage began", async () => (await machine.told()).length === 1);
    uptimeMs += 59_000;
    await machine.killAgent();
    await later();
    expect(host.running).toEqual([]);
    uptimeMs += 900;
    await machine.killAgent();
    await until("the second stage may begin", () => host.running.length === 1);
    await until("it is done", async () => (await machine.told()).at(-1)?.includes("given up") === true);
    expect((await machine.told()).filter((text) => text.endsWith(" began"))).toEqual([
      'boot stage 1 of 2 "core" began',
      'boot stage 2 of 2 "edge" began',
    ]);
  });

  it("waits for the health check of a stage, besides those of its services", async () => {
    await using machine = await openMachine(["ids", "mcr"]);
    const { server, port } = await listener();
    await new Promise((resolve) => server.close(resolve));
    const health = { kind: "tcp", at: { address: "127.0.0.1", port } } as const;
    await machine.reboot({ boot: [stage("foundation", ["ids"], { health }), stage("core", ["mcr"])] });
    await until("the first runs", () => machine.rig.host.running.length === 1);
    await until(
      "its check is waited for",
      () =>
        machine.rig.life.agent.bootSequence.report?.waitingFor[0]?.startsWith("its health check") === true,
    );
    expect(machine.started()).toEqual(["ids"]);
    server.listen(port, "127.0.0.1");
    await until("both run", () => machine.rig.host.running.length === 2);
    await new Promise((resolve) => server.close(resolve));
  });

  it("what somebody asks for waits for nothing, and is repaired from then on", async () => {
    await using machine = await openMachine(["ids", "web"]);
    const { host } = machine.rig;
    await machine.reboot({ boot: [stage("foundation", ["ids"])] }, () => {
      host.onCall = ({ call, subject }) => {
        if (call === "start" && subject.startsWith("ids")) throw refused;
      };
    });
    await later();
    expect(host.running).toEqual([]);
    for await (const _ of machine.rig.client.start({ requestId: newRequestId(), service: "web" }));
    expect(host.running).toHaveLength(1);
    host.addImage(imageOf("new"));
    await machine.rig.deploy(running("new"));
    expect(host.running).toHaveLength(2);

    await machine.killAgent();
    host.exit(host.running[0] as string, 1);
    await until("it is back", () => host.running.length === 2);
  });

  it("goes on in the stage where a killed agent was", async () => {
    await using machine = await openMachine(["ids", "mcr", "web"]);
    const { host } = machine.rig;
    const boot = [stage("foundation", ["ids"]), stage("core", ["mcr"]), stage("edge", ["web"])];
    await machine.reboot({ boot }, () => {
      host.onCall = ({ call, subject }) => {
        if (call === "start" && subject.startsWith("mcr")) throw refused;
      };
    });
    await until(
      "the second stage began",
      async () => (await machine.told()).at(-1)?.includes("core") === true,
    );
    host.calls.length = 0;
    await machine.killAgent();
    const { boot: shown } = await machine.rig.client.status({});
    expect(shown).toMatchObject({ stage: "core", number: 2, stages: 3, late: false });
    expect((await machine.rig.client.nodeStatus({})).node?.boot).toMatchObject({ stage: "core", number: 2 });
    await until(
      "it says what it waits for",
      async () => (await machine.rig.client.status({})).boot?.waitingFor.join() === "mcr (exited)",
    );
    await later();
    expect(new Set(machine.started())).toEqual(new Set(["mcr"]));
    host.onCall = () => {};
    await until("all run", () => host.running.length === 3);
    expect(machine.started().at(-1)).toBe("web");
    expect((await machine.told()).filter((text) => text.includes("foundation"))).toHaveLength(2);
    await until("it is done", async () => (await machine.rig.client.status({})).boot === undefined);
  });

  it("a stopped service, one that was undeployed and one that nobody knows are not waited for", async () => {
    await using machine = await openMachine(["ids", "gone", "web"]);
    const { rig } = machine;
    for await (const _ of rig.client.stop({ requestId: newRequestId(), service: "ids" }));
    for await (const _ of rig.client.undeploy({ requestId: newRequestId(), service: "gone" }));
    await machine.reboot({ boot: [stage("foundation", ["ids", "gone", "nobody"])] });
    await until("it runs", () => rig.host.running.length === 1);
    expect(machine.started()).toEqual(["web"]);
  });

  it("a repair that was under way when the machine went down waits for its stage", async () => {
    await using machine = await openMachine(["ids", "web"]);
    const { rig } = machine;
    await rig.life.registry.addOperation({
      id: "unfinished",
      requestId: "unfinished",
      service: "web",
      kind: "repair",
      request: { kind: "repair" },
    });
    await machine.reboot({ boot: [stage("foundation", ["ids"])] });
    await until("both run", () => rig.host.running.length === 2);
    expect(machine.started()).toEqual(["ids", "web"]);
  });

  it("keeps its order wherever the agent is killed", async () => {
    const services = ["other", "web", "mcr", "ids"];
    const boot = [stage("foundation", ["ids"]), stage("core", ["mcr"]), stage("edge", ["web"])];
    for (let point = 1, hasMet = true; hasMet; point += 4) {
      await using machine = await openMachine(services);
      const { host } = machine.rig;
      let passed = 0;
      const faultPoint = async (): Promise<void> => {
        if (++passed >= point) await new Promise(() => {});
      };
      await machine.reboot({ boot, faultPoint });
      await until(
        "it was stopped there, or came to its end",
        () => passed >= point || host.running.length === services.length,
      );
      hasMet = passed >= point;
      await machine.rig.life.kill();
      await machine.rig.boot({ boot });
      await until("all run", () => host.running.length === services.length);
      expect([...new Set(machine.started())], `killed at ${point}`).toEqual(["ids", "mcr", "web", "other"]);
      expect(host.violations).toEqual([]);
    }
  });
});
