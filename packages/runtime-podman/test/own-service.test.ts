import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realClock, silentLogger } from "@mcp/host";
import { afterEach, describe, expect, it } from "vitest";
import { assemble } from "../src/create-podman.ts";
import type { Podman, PodmanOptions } from "../src/index.ts";
import { findService, isAlive } from "../src/socket/service-process.ts";
import { exists } from "./rig-leftovers.ts";
import { withRig } from "./with-rig.ts";

describe("a service of the agent's own", () => {
  const at = withRig();
  const opened: Podman[] = [];
  afterEach(async () => {
    for (const podman of opened.splice(0)) await podman.close();
  });

  const open = (stateDir: string, options: Partial<PodmanOptions> = {}) => {
    const { env, ulimits } = at.rig;
    const podman = assemble({ stateDir, env, ulimits, clock: realClock, log: silentLogger, ...options }, []);
    opened.push(podman);
    return podman;
  };
  const newStateDir = () => mkdtemp(join(at.rig.folder, "s-"));
  const found = async (stateDir: string) => (await findService(join(stateDir, "podman.sock"))).at(0);
  const processIn = async (stateDir: string) => (await found(stateDir)) ?? expect.fail("there is no service");

  it("is started when it is first needed, for its owner alone, and ended with the agent", async ({
    signal,
  }) => {
    const stateDir = join(await newStateDir(), "made", "when-needed");
    const podman = open(stateDir);
    expect(await exists(stateDir)).toBe(false);
    expect(await podman.runtime.probe(signal)).toMatchObject({
      ok: true,
      store: join(at.rig.folder, "root"),
      notes: expect.arrayContaining([`own service at ${stateDir}/podman.sock`]),
    });
    expect((await stat(stateDir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(stateDir, "podman.sock"))).mode & 0o777).toBe(0o600);
    const service = await processIn(stateDir);
    await podman.close();
    expect(await isAlive(service)).toBe(false);
    expect(await readdir(stateDir)).toEqual(["podman.log"]);
  });

  it("is started once for all who need it at the same time", async ({ signal }) => {
    const stateDir = await newStateDir();
    const { runtime } = open(stateDir);
    await Promise.all([runtime.list(signal), runtime.list(signal), runtime.probe(signal)]);
    expect(await findService(join(stateDir, "podman.sock"))).toHaveLength(1);
  });

  it("is taken over by the next agent, containers and all", async ({ signal }) => {
    const stateDir = await newStateDir();
    const first = open(stateDir);
    const spec = at.spec({ does: "sleeps" });
    const handle = await first.runtime.start(spec, signal);
    const service = await processIn(stateDir);
    // The first agent is killed: it closes nothing.
    opened.splice(0);
    const second = open(stateDir);
    expect(await second.runtime.recover(handle, signal)).toMatchObject({ state: "running" });
    expect(await processIn(stateDir)).toEqual(service);
    // The first still watches, in this process.
    await first.close();
    expect(await isAlive(service)).toBe(false);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
  });

  it("is not ended by another program that has used it beside the agent", async ({ signal }) => {
    const stateDir = await newStateDir();
    const agent = open(stateDir);
    await agent.runtime.list(signal);
    const service = await processIn(stateDir);
    const beside = open(stateDir);
    expect(await beside.runtime.probe(signal)).toMatchObject({ ok: true });
    await beside.close();
    expect(await isAlive(service)).toBe(true);
    expect(await agent.runtime.list(signal)).toEqual(expect.any(Array));
  });

  it("is started again when it was killed, and the call that met it does not notice", async ({ signal }) => {
    const stateDir = await newStateDir();
    const { runtime } = open(stateDir);
    const spec = at.spec({ does: "sleeps" });
    await runtime.start(spec, signal);
    const before = await processIn(stateDir);
    process.kill(before.pid, "SIGKILL");
    expect(await runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
    expect(await processIn(stateDir)).not.toEqual(before);
    process.kill((await processIn(stateDir)).pid, "SIGKILL");
    await runtime.start(at.spec({ does: "sleeps" }), signal);
    await runtime.remove(spec.name, signal);
  });

  it("is started again when it was killed, though nobody asks", async ({ signal }) => {
    const stateDir = await newStateDir();
    const { runtime } = open(stateDir);
    await runtime.list(signal);
    const before = await processIn(stateDir);
    process.kill(before.pid, "SIGKILL");
    const pid = async () => (await found(stateDir))?.pid ?? before.pid;
    await expect.poll(pid).not.toBe(before.pid);
  });

  it("is replaced if it hangs when an agent comes to it", async ({ signal }) => {
    const stateDir = await newStateDir();
    await open(stateDir).runtime.list(signal);
    const hanging = await processIn(stateDir);
    process.kill(hanging.pid, "SIGSTOP");
    const [killed] = opened.splice(0);
    const next = open(stateDir);
    expect(await next.runtime.probe(signal)).toMatchObject({ ok: true });
    await expect.poll(() => isAlive(hanging)).toBe(false);
    await killed?.close();
  });

  it("is waited for while it starts, by another program that needs it, and not taken for one that hangs", async ({
    signal,
  }) => {
    const stateDir = await newStateDir();
    const [gate, programs] = [join(stateDir, "gate"), join(stateDir, "bin")];
    await mkdir(programs);
    const script = `#!/bin/sh
case "$*" in *" service "*) while [ ! -e "${gate}" ]; do sleep 0.05; done ;; esac
PATH="${process.env.PATH}" exec podman "$@"
`;
    await writeFile(join(programs, "podman"), script, { mode: 0o755 });
    const env = { ...at.rig.env, PATH: `${programs}:${process.env.PATH}` };
    const first = open(stateDir, { env }).runtime.probe(signal);
    await expect.poll(() => found(stateDir)).toBeDefined();
    const starting = await processIn(stateDir);
    const second = open(stateDir, { env }).runtime.probe(signal);
    // Who did not wait would have ended it by then.
    await realClock.sleep(500);
    await writeFile(gate, "");
    expect(await Promise.all([first, second])).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await findService(join(stateDir, "podman.sock"))).toEqual([starting]);
  });

  it("says so where podman is not installed", async ({ signal }) => {
    const env = { ...at.rig.env, PATH: "/nowhere" };
    expect(await open(await newStateDir(), { env }).runtime.probe(signal)).toEqual({
      ok: false,
      why: "podman is not installed, or not on the agent's PATH",
      hint: "install podman 4.3 or later: apt install podman",
    });
  });

  it("says so where podman is too old", async ({ signal }) => {
    const run: PodmanOptions["run"] = async () => ({
      exitCode: 0,
      stdout: "podman version 3.4.4\n",
      stderr: "",
    });
    expect(await open(await newStateDir(), { run }).runtime.probe(signal)).toEqual({
      ok: false,
      why: "podman 3.4.4 is too old",
      hint: "upgrade to podman 4.3 or later",
    });
  });

  it("says what podman said when it does not start", async ({ signal }) => {
    const stateDir = await newStateDir();
    const env = { ...at.rig.env, CONTAINERS_STORAGE_CONF: "/no/such/storage.conf" };
    const probe = await open(stateDir, { env }).runtime.probe(signal);
    expect(probe).toMatchObject({ ok: false, why: expect.stringContaining("/no/such/storage.conf") });
  });

  it("says that a folder is too deep for a socket", async ({ signal }) => {
    const stateDir = join(await newStateDir(), "x".repeat(100));
    await expect(open(stateDir).runtime.list(signal)).rejects.toMatchObject({ code: "config_invalid" });
    await rm(stateDir, { recursive: true, force: true });
  });
});
