import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, silentLogger } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startKept } from "../process/keeper.ts";
import { type ProcessIdentity, signalTo } from "../process/process-identity.ts";
import { Attendance } from "./attendance.ts";
import type { StateFolder } from "./state-folder.ts";
import { StateLock } from "./state-lock.ts";
import { VmFolder } from "./vm-folder.ts";
import type { VmRecord } from "./vm-record.ts";

const table = vi.hoisted(() => ({ isReadable: true }));
vi.mock(import("../process/process-identity.ts"), async (original) => {
  const real = await original();
  const unreadable = (): Promise<never> => Promise.reject(new Error("EMFILE: too many open files"));
  return {
    ...real,
    isAlive: (identity) => (table.isReadable ? real.isAlive(identity) : unreadable()),
    readIdentity: (path) => (table.isReadable ? real.readIdentity(path) : unreadable()),
  };
});

const name = "hello";
const outputs = { stdout: "stdout" };
const recordOf = (id: string) => ({ spec: { name }, boot: { id, outputs } }) as unknown as VmRecord;

describe("who looks after virtual machines", () => {
  let attendance: Attendance;
  let state: StateFolder;
  let folder: VmFolder;
  let stateDir: string;
  let qemu: ProcessIdentity | undefined;

  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "mcpt-"));
    attendance = new Attendance(stateDir, realClock, silentLogger);
    state = await attendance.claim();
    folder = VmFolder.of(stateDir, name);
    await mkdir(folder.run, { recursive: true });
  });
  afterEach(async () => {
    table.isReadable = true;
    if (qemu) await signalTo(qemu, "SIGKILL");
    qemu = undefined;
    await attendance.close();
    await rm(stateDir, { recursive: true, force: true, maxRetries: 5 });
  });

  async function boot(id: string): Promise<ProcessIdentity> {
    await attendance.prepare(state, folder, name, id, outputs);
    const files = { pid: folder.pid, exit: folder.exit, errors: folder.errors };
    qemu = await startKept({ cwd: folder.run, argv: ["sleep", "60"], files });
    attendance.begin(state, folder, recordOf(id));
    return qemu;
  }

  it("does not take the folder once more for a look that was under way when it was closed", async () => {
    qemu = await boot("1");
    await attendance.close();
    await attendance.attend(state, folder, recordOf("1"), state.changes);
    await attendance.finish(state, folder, recordOf("1"), state.changes);
    expect(await (await attendance.find())?.holds(attendance)).toBe(false);
    await expect(attendance.claim()).rejects.toMatchObject({ code: "draining" });
    const next = new Attendance(stateDir, realClock, silentLogger);
    await next.claim();
    await next.close();
  });

  it("begins nothing for a look that was under way when it was closed", async () => {
    qemu = await boot("1");
    const looking = attendance.attend(state, folder, recordOf("1"), state.changes);
    await attendance.close();
    await looking;
    attendance.begin(state, folder, recordOf("1"));
    await expect(attendance.prepare(state, folder, name, "2", outputs)).rejects.toMatchObject({
      code: "draining",
    });
    expect([...state.attended.keys(), ...state.booting]).toEqual([]);
  });

  it("leaves the folder's lock to who comes while it is closed, and with the last one it goes", async () => {
    for (let turns = 0; turns < 30; turns++) {
      const next = new Attendance(stateDir, realClock, silentLogger);
      const found = (await next.find()) ?? expect.fail("there is no folder");
      const closing = attendance.close();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await found.hold(next);
      await closing;
      expect(await next.claim()).toBe(found);
      await expect(StateLock.take(stateDir)).rejects.toMatchObject({ code: "runtime_unavailable" });
      attendance = next;
    }
    await attendance.close();
    await (await StateLock.take(stateDir)).release();
  });

  it("gives the folder up also where it cannot leave a machine as it should", async () => {
    qemu = await boot("1");
    const attendant = state.attended.get(name)?.attendant ?? expect.fail("nobody looks after it");
    const leave = attendant.leave.bind(attendant);
    vi.spyOn(attendant, "leave").mockImplementation(async () => {
      await leave();
      throw new Error("ENOSPC: no space left on device");
    });
    await expect(attendance.close()).rejects.toThrow("ENOSPC");
    await (await StateLock.take(stateDir)).release();
  });

  it("goes on looking where the process table could not be read for a while", async () => {
    const { signal } = new AbortController();
    const events = attendance.events(signal)[Symbol.asyncIterator]();
    const heard = events.next();
    table.isReadable = false;
    const process = await boot("1");
    await new Promise((resolve) => setTimeout(resolve, 50));
    table.isReadable = true;
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    await signalTo(process, "SIGKILL");
    expect((await heard).value).toMatchObject({ name, what: "exited" });
    await events.return?.();
  });

  it("does not leave a boot for an earlier one that somebody still asks about", async () => {
    const seen = state.changes;
    await boot("2");
    expect(await attendance.finish(state, folder, recordOf("1"), seen)).toBe(false);
    expect(state.attended.get(name)?.boot).toBe("2");
  });

  it("of two boots lets the earlier one write its log to the end first", async () => {
    await attendance.prepare(state, folder, name, "1", outputs);
    const first = state.attended.get(name)?.attendant;
    const left = Promise.withResolvers<void>();
    const leave = vi.spyOn(first as NonNullable<typeof first>, "leave").mockReturnValue(left.promise);
    let isReady = false;
    const ready = attendance.prepare(state, folder, name, "2", outputs).then(() => {
      isReady = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isReady).toBe(false);
    leave.mockRestore();
    await first?.leave();
    left.resolve();
    await ready;
    expect(state.attended.get(name)?.boot).toBe("2");
  });
});
