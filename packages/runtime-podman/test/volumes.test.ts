import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SocketProxy } from "./socket-proxy.ts";
import { supervisorsOf } from "./supervisors.ts";
import { withRig } from "./with-rig.ts";

describe.each(["root", "user"] as const)("volumes, where podman runs as %s", (who) => {
  const at = withRig(who);
  let made = 0;
  /** Two folders beside each other, each with a note that says which it is. */
  const twoFolders = async () => {
    const base = join(at.rig.folder, `volumes-${++made}`);
    const [allowed, secret] = [join(base, "allowed"), join(base, "secret")];
    for (const folder of [base, allowed, secret]) await mkdir(folder);
    for (const folder of [base, allowed, secret]) await chmod(folder, 0o755);
    for (const folder of [allowed, secret])
      await writeFile(join(folder, "note"), `${folder === allowed ? "allowed" : "secret"}\n`, {
        mode: 0o644,
      });
    return { allowed, secret };
  };
  const exchange = async ({ allowed, secret }: { allowed: string; secret: string }) => {
    await rename(allowed, `${allowed}-moved`);
    await symlink(secret, allowed);
  };
  const volume = (host: string, guest = "/data") => ({ host, guest, readOnly: false, relabel: false });
  /** In which `/var/run` is a link to `/run`. */
  const imageWithLink = async (signal: AbortSignal) => {
    const context = join(at.rig.folder, "with-link");
    await mkdir(join(context, "rootfs/var"), { recursive: true });
    await mkdir(join(context, "rootfs/run"));
    await symlink("/run", join(context, "rootfs/var/run"));
    await writeFile(join(context, "Dockerfile"), `FROM ${at.rig.image}\nCOPY rootfs /\n`);
    await at.rig.cli(["build", "--quiet", "--tag", "localhost/with-link:v1", context]);
    return at.podman.images.resolve("localhost/with-link:v1", signal);
  };
  const statesOf = async (name: string): Promise<string[]> => {
    const all = await at.rig.cli(["ps", "--all", "--filter", `name=^${name}$`, "--format", "json"]);
    return (JSON.parse(all) as { State: string }[]).map(({ State }) => State);
  };

  it("one exchanged for a link between the check and the mount is not started", async ({ signal }) => {
    const folders = await twoFolders();
    const spec = at.shell("echo ran > /data/ran; sleep 600", { volumes: [volume(folders.allowed)] });
    // Podman has the path by now, and has not looked at it.
    const proxy = await SocketProxy.open(join(at.rig.folder, "exchange.sock"), at.rig.socket);
    try {
      let isExchanged = false;
      proxy.before = async (request) => {
        if (isExchanged || !/\/(init|start)$/.test(request)) return;
        isExchanged = true;
        await exchange(folders);
      };
      const { runtime } = at.rig.connect({ socket: proxy.path });
      await expect(runtime.start(spec, signal)).rejects.toMatchObject({
        code: "volume_not_allowed",
        message: expect.stringContaining(`mounted at /data is not ${folders.allowed}`),
      });
    } finally {
      await proxy.close();
    }
    expect(await at.runtime.inspect(spec.name, signal)).toBeUndefined();
    expect(await statesOf(spec.name)).toEqual([]);
    await expect.poll(() => supervisorsOf(at.rig.folder, spec.name)).toEqual([]);
    await expect(rm(join(folders.secret, "ran"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("one exchanged before it is started again is not started, and what it was is kept", async ({
    signal,
  }) => {
    const folders = await twoFolders();
    const spec = at.shell("cat /data/note; sleep 600", { volumes: [volume(folders.allowed)] });
    await at.runtime.start(spec, signal);
    await at.runtime.stop(spec.name, { graceMs: 0 }, signal);
    await exchange(folders);
    const refused = { code: "volume_not_allowed" };
    for (let times = 0; times < 2; times++)
      await expect(at.runtime.start(spec, signal)).rejects.toMatchObject(refused);
    expect(await statesOf(spec.name)).toEqual(["exited"]);
    await expect.poll(() => supervisorsOf(at.rig.folder, spec.name)).toEqual([]);
    await rm(folders.allowed);
    await rename(`${folders.allowed}-moved`, folders.allowed);
    await at.runtime.start(spec, signal);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
    const lines = await Array.fromAsync(at.runtime.logs(spec.name, {}, signal));
    expect(lines.map(({ text }) => text)).not.toContain("secret");
    await at.runtime.remove(spec.name, signal);
  });

  it("one inside of another, a single file, and one through a link of the image are mounted", async ({
    signal,
  }) => {
    const { allowed, secret: other } = await twoFolders();
    await mkdir(join(allowed, "inner"));
    const volumes = [
      volume(allowed),
      volume(other, "/data/inner"),
      volume(join(other, "note"), "/one-note"),
      volume(other, "/var/run/linked"),
    ];
    const line = "cat /data/note /data/inner/note /one-note /run/linked/note";
    const spec = at.shell(line, { volumes, image: await imageWithLink(signal) });
    expect(await at.output(spec, signal)).toEqual(["allowed", "secret", "secret", "secret"]);
  });

  it("cost two calls more", async ({ signal }) => {
    const { allowed } = await twoFolders();
    const spec = at.spec({ does: "sleeps" }, { volumes: [volume(allowed)] });
    const proxy = await SocketProxy.open(join(at.rig.folder, "count.sock"), at.rig.socket);
    try {
      await at.rig.connect({ socket: proxy.path }).runtime.start(spec, signal);
    } finally {
      await proxy.close();
    }
    const container = "/containers/<id>";
    const calls = [`POST ${container}/init`, `GET ${container}/json`, `POST ${container}/start`];
    expect(proxy.asked.slice(-3)).toEqual(calls);
    await at.runtime.remove(spec.name, signal);
  });

  it("what was made ready, and was not started since the agent was killed, is started", async ({
    signal,
  }) => {
    const { allowed } = await twoFolders();
    const spec = at.spec({ does: "sleeps" }, { volumes: [volume(allowed)] });
    const proxy = await SocketProxy.open(join(at.rig.folder, "killed.sock"), at.rig.socket);
    try {
      proxy.before = (request) => {
        if (request.endsWith("/start")) proxy.breakOff();
      };
      await expect(at.rig.connect({ socket: proxy.path }).runtime.start(spec, signal)).rejects.toThrow();
    } finally {
      await proxy.close();
    }
    expect(await statesOf(spec.name)).toEqual(["initialized"]);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "created" });
    await at.runtime.start(spec, signal);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
    await at.runtime.remove(spec.name, signal);
  });
});
