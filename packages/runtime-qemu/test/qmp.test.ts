import { mkdir, rename } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isAlive, type ProcessIdentity, signalTo } from "../src/process/process-identity.ts";
import { runState } from "../src/qmp/commands.ts";
import { openQmp, type Qmp } from "../src/qmp/qmp.ts";
import { MachineRig, machineOf, machinesMissing, sector } from "./machine-rig.ts";

const { signal } = new AbortController();

describe.skipIf(machinesMissing)("a conversation with QEMU", () => {
  let rig: MachineRig;
  let qemu: ProcessIdentity;
  let held: Qmp;
  beforeEach(async () => {
    rig = await MachineRig.open();
    await rig.writeDisk(sector.wait);
    qemu = await rig.start(machineOf());
    held = await openQmp(rig.run, "events", signal, { isStarting: () => isAlive(qemu) });
  });
  afterEach(async () => {
    held.close();
    await rig.close();
  });
  const open = (options = {}) => openQmp(rig.run, "qmp", signal, options);

  it("answers each question to whom asked it, also of several at once", async () => {
    const [status, name, commands] = await Promise.all([
      held.execute("query-status"),
      held.execute("query-name"),
      held.execute("qom-list", { path: "/machine" }),
    ]);
    expect(status).toMatchObject({ status: "running" });
    expect(name).toEqual({ name: "test" });
    expect(commands).toContainEqual(expect.objectContaining({ name: "type" }));
  });

  it("says what QEMU refuses, and goes on", async () => {
    await expect(held.execute("no-such-command")).rejects.toMatchObject({
      code: "runtime_failed",
      message: expect.stringContaining("no-such-command"),
    });
    await expect(held.execute("qom-list", { path: "/nowhere" })).rejects.toMatchObject({
      code: "runtime_failed",
    });
    expect(await runState(held)).toBe("running");
  });

  it("tells what happens, also what another one asked for", async () => {
    const events = held.events();
    const qmp = await open();
    await qmp.execute("stop");
    await qmp.execute("cont");
    await qmp.execute("quit");
    const seen: string[] = [];
    for await (const { event } of events) seen.push(event);
    expect(seen).toEqual(["STOP", "RESUME", "SHUTDOWN"]);
    expect(await rig.end()).toMatchObject({ code: 0 });
  });

  it("ends at once when QEMU is killed, for events and questions alike", async () => {
    const events = held.events();
    const atMs = performance.now();
    await signalTo(qemu, "SIGKILL");
    expect(await events.next()).toEqual({ done: true, value: undefined });
    // 50 ms on a quiet machine; this one may be busy.
    expect(performance.now() - atMs).toBeLessThan(1_000);
    await expect(held.execute("query-status")).rejects.toMatchObject({ code: "runtime_unavailable" });
    await expect(open()).rejects.toMatchObject({ code: "runtime_unavailable" });
  });

  it("fails a question that is open when QEMU is killed", async () => {
    await signalTo(qemu, "SIGSTOP");
    const asked = expect(held.execute("query-status")).rejects.toMatchObject({ code: "runtime_unavailable" });
    await signalTo(qemu, "SIGKILL");
    await asked;
  });

  it("gives up on a QEMU that hangs, and goes on with it when it goes on", async () => {
    await signalTo(qemu, "SIGSTOP");
    await expect(held.execute("query-status", {}, { timeoutMs: 100 })).rejects.toMatchObject({
      code: "runtime_timeout",
    });
    await expect(open({ timeoutMs: 100 })).rejects.toMatchObject({ code: "runtime_timeout" });
    await signalTo(qemu, "SIGCONT");
    expect(await runState(held)).toBe("running");
    expect(await held.execute("query-name")).toEqual({ name: "test" });
    const qmp = await open();
    expect(await runState(qmp)).toBe("running");
    qmp.close();
  });

  it("is one per socket: the second is not greeted until the first has gone", async () => {
    await expect(openQmp(rig.run, "events", signal, { timeoutMs: 200 })).rejects.toMatchObject({
      code: "runtime_timeout",
    });
    held.close();
    held = await openQmp(rig.run, "events", signal);
    expect(await runState(held)).toBe("running");
  });

  it("can be begun again and again, while another is held", async () => {
    for (let count = 0; count < 20; count++) {
      const qmp = await open();
      expect(await runState(qmp)).toBe("running");
      qmp.close();
    }
    expect(await runState(held)).toBe("running");
  });

  it("ends when its signal aborts, with that reason, for whoever waits", async () => {
    const abort = new AbortController();
    const qmp = await openQmp(rig.run, "qmp", abort.signal);
    const next = expect(qmp.events().next()).rejects.toThrow("enough");
    abort.abort(new Error("enough"));
    await next;
    await expect(qmp.execute("query-status")).rejects.toThrow("enough");
    await expect(openQmp(rig.run, "qmp", abort.signal)).rejects.toThrow("enough");
  });

  it("ends quietly for whoever listens when it is closed", async () => {
    const qmp = await open();
    const next = qmp.events().next();
    qmp.close();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await qmp.events().next()).toEqual({ done: true, value: undefined });
  });

  it("works in a folder whose path is too long for a socket", async () => {
    held.close();
    const deep = join(rig.folder, "d".repeat(120));
    await mkdir(deep);
    await rename(rig.run, join(deep, "run"));
    const qmp = await openQmp(join(deep, "run"), "qmp", signal);
    expect(await runState(qmp)).toBe("running");
    qmp.close();
  });
});

describe("a conversation with what is no QEMU", () => {
  let rig: MachineRig;
  let server: Server | undefined;
  const peers: Socket[] = [];
  beforeEach(async () => {
    rig = await MachineRig.open();
  });
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.destroy();
    server?.close();
    server = undefined;
    await rig.close();
  });
  const greeting =
    '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}, "capabilities": []}}\r\n';
  /** Somebody at the socket; `answer` says what they send for each line that they get. */
  const listen = async (hello: string | Buffer, answer: (line: string) => string | Buffer = () => "") => {
    const heard: string[] = [];
    server = createServer((peer) => {
      peers.push(peer);
      peer.on("error", () => {});
      peer.write(hello);
      peer.on("data", (data) => {
        for (const line of String(data).trim().split("\n")) {
          heard.push(line);
          peer.write(answer(line));
        }
      });
    });
    await new Promise<void>((resolve) => server?.listen(join(rig.run, "qmp"), resolve));
    return heard;
  };
  const obey = (line: string) => `{"return": {}, "id": ${JSON.stringify(JSON.parse(line).id)}}\n`;
  const open = (timeoutMs = 2_000) => openQmp(rig.run, "qmp", signal, { timeoutMs });

  it("is refused, and nothing was said to it", async () => {
    const heard = await listen("HTTP/1.1 400 Bad Request\r\n\r\n");
    await expect(open()).rejects.toMatchObject({ code: "runtime_failed" });
    expect(heard).toEqual([]);
  });

  it("is given up where it says nothing, and nothing was said to it", async () => {
    const heard = await listen("");
    await expect(open(100)).rejects.toMatchObject({ code: "runtime_timeout" });
    expect(heard).toEqual([]);
  });

  it("ends with a message that never ends, whose beginning is not kept", async () => {
    await listen(greeting, (line) =>
      line.includes("capabilities") ? obey(line) : Buffer.alloc(3_000_000, "x"),
    );
    const qmp = await open();
    await expect(qmp.execute("query-status")).rejects.toMatchObject({ code: "runtime_failed" });
  });

  it("ends in the middle of an answer", async () => {
    await listen(greeting, (line) => {
      if (line.includes("capabilities")) return obey(line);
      peers[0]?.end('{"return": {"sta');
      return "";
    });
    const qmp = await open();
    await expect(qmp.execute("query-status")).rejects.toMatchObject({ code: "runtime_unavailable" });
  });

  it("does not fill the memory of who listens and does not read", async () => {
    const event = '{"event": "RTC_CHANGE", "data": {}, "timestamp": {"seconds": 1, "microseconds": 0}}\n';
    await listen(greeting, (line) => (line.includes("capabilities") ? "" : event.repeat(1_500)) + obey(line));
    const qmp = await open();
    const events = qmp.events();
    await qmp.execute("query-status");
    let count = 0;
    const read = async () => {
      for await (const _ of events) count++;
    };
    await expect(read()).rejects.toMatchObject({ code: "runtime_failed" });
    expect(count).toBe(1_000);
    qmp.close();
  });

  it("is not begun where there is nobody, or no folder", async () => {
    await expect(open()).rejects.toMatchObject({ code: "runtime_unavailable" });
    await expect(openQmp(join(rig.folder, "nowhere"), "qmp", signal)).rejects.toMatchObject({
      code: "runtime_unavailable",
    });
  });

  it("waits for a socket only as long as its QEMU is there", async () => {
    let asked = 0;
    const isStarting = async () => ++asked < 5;
    await expect(openQmp(rig.run, "qmp", signal, { isStarting })).rejects.toMatchObject({
      code: "runtime_unavailable",
    });
    expect(asked).toBe(5);
    const late = openQmp(rig.run, "qmp", signal, { isStarting: async () => true, timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ code: "runtime_timeout" });
  });
});
