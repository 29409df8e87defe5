import { createSocket } from "node:dgram";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realClock } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { createRequest } from "../src/containers/create-request.ts";
import { parseUlimit } from "../src/containers/ulimits.ts";
import { UnixHttp } from "../src/http/unix-http.ts";
import { SocketProxy } from "./socket-proxy.ts";
import { withRig } from "./with-rig.ts";

const settings = { memoryLimit: false, cpuLimit: false, logMaxBytes: 1_000_000 };

describe("starting a container", () => {
  const at = withRig();

  it("gives it its hostname, user, working folder and arguments", async ({ signal }) => {
    const spec = at.spec(
      { does: "sleeps" },
      {
        hostname: "shop-api",
        user: "1234:2345",
        workdir: "/www",
        entrypoint: ["/bin/sh", "-c", 'hostname; id -u; id -g; pwd; echo "$0|$1"'],
        cmd: ["a b", "$HOME"],
      },
    );
    expect(await at.output(spec, signal)).toEqual(["shop-api", "1234", "2345", "/www", "a b|$HOME"]);
  });

  it("runs the image's own command where none is given", async ({ signal }) => {
    const { cmd: _, ...spec } = at.spec({ does: "sleeps" });
    expect(await at.output(spec, signal)).toEqual(["started"]);
  });

  it("lets containers of one network find each other by their known names", async ({ signal }) => {
    const server = at.spec(
      { does: "serves http", port: 8080 },
      { hostname: "shop-web", network: "shop-net" },
    );
    await at.runtime.start(server, signal);
    const client = at.shell(
      "for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://shop-web:8080/ && exit; sleep 0.3; done",
      { network: "shop-net" },
    );
    expect(await at.output(client, signal)).toContain("hello");
  });

  it("makes a missing network once, however many want it", async ({ signal }) => {
    const specs = [1, 2, 3, 4].map(() => at.shell("true", { network: "all-at-once" }));
    await Promise.all(specs.map((spec) => at.runtime.start(spec, signal)));
    const names = (await at.rig.cli(["network", "ls", "--format", "{{.Name}}"])).split("\n");
    expect(names.filter((name) => name === "all-at-once")).toHaveLength(1);
  });

  it("can share the host's network, or have none", async ({ signal }) => {
    const links = "ls /sys/class/net";
    expect(await at.output(at.shell(links, { network: "none" }), signal)).toEqual(["lo"]);
    const onHost = await at.output(at.shell("ls /proc/sys/net/ipv4/conf", { network: "host" }), signal);
    expect(onHost.length).toBeGreaterThan(3);
  });

  it("publishes UDP ports, and on the address that was named alone", async ({ signal }) => {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const ports = [{ address: "127.0.0.2", host: port, guest: 5_353, protocol: "udp" }] as const;
    const spec = at.spec({ does: "sleeps" }, { ports });
    await at.runtime.start(spec, signal);
    expect((await at.runtime.inspect(spec.name, signal))?.ports).toEqual(ports);
    expect(await isUdpTaken(port, "127.0.0.2")).toBe(true);
    expect(await isUdpTaken(port, "127.0.0.1")).toBe(false);
  });

  it("limits memory, and tells an exit for lack of it as podman does, by list as by inspect", async ({
    signal,
  }) => {
    const spec = at.shell("tail /dev/zero", { memoryMiB: 16 });
    await at.runtime.start(spec, signal);
    await expect
      .poll(async () => (await at.runtime.inspect(spec.name, signal))?.state, { timeout: 15_000 })
      .toBe("exited");
    // With cgroups v1 on newer kernels conmon does not notice.
    const isNoticed =
      (await at.rig.cli(["inspect", "--format", "{{.State.OOMKilled}}", spec.name])).trim() === "true";
    const inspected = await at.runtime.inspect(spec.name, signal);
    expect(inspected?.exit).toMatchObject({ code: 137, reason: isNoticed ? "out-of-memory" : "signal" });
    const listed = (await at.runtime.list(signal)).find(({ name }) => name === spec.name);
    expect(listed).toEqual(inspected);
  });

  it("limits the use of the processor", async ({ signal }) => {
    const spec = at.shell("while :; do :; done", { vcpus: 0.25 });
    await at.runtime.start(spec, signal);
    await realClock.sleep(2_500);
    const usage = (await at.runtime.stats(signal)).get(spec.name);
    expect(usage?.cpuCores).toBeLessThan(0.5);
    expect(usage).not.toHaveProperty("memoryLimitBytes");
    await at.runtime.remove(spec.name, signal);
  });

  it("tells of a memory limit beside the use", async ({ signal }) => {
    const spec = at.spec({ does: "sleeps" }, { memoryMiB: 64 });
    await at.runtime.start(spec, signal);
    const usage = (await at.runtime.stats(signal)).get(spec.name);
    expect(usage?.memoryLimitBytes).toBe(64 * 1024 * 1024);
  });

  it("starts what an earlier life had created and not started", async ({ signal }) => {
    const spec = at.spec({ does: "sleeps" });
    const ulimits = at.rig.ulimits.map(parseUlimit);
    await createOnly(at.rig.socket, createRequest(spec, at.rig.image, { ...settings, ulimits }), signal);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "created" });
    await at.runtime.start(spec, signal);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
  });

  it("tries again when the container's id is still held by what was cut short", async ({ signal }) => {
    // Makes the network that the other needs.
    await at.runtime.start(at.spec({ does: "sleeps" }), signal);
    const spec = at.spec({ does: "sleeps" });
    const ulimits = at.rig.ulimits.map(parseUlimit);
    const id = await createOnly(
      at.rig.socket,
      createRequest(spec, at.rig.image, { ...settings, ulimits }),
      signal,
    );
    const ociRuntime = (await at.rig.cli(["info", "--format", "{{.Host.OCIRuntime.Name}}"])).trim();
    const held = join("/run", ociRuntime, id);
    await mkdir(held, { recursive: true });
    const starting = at.runtime.start(spec, signal);
    await realClock.sleep(900);
    await rm(held, { recursive: true, force: true });
    await starting;
    const now = await at.rig.cli(["inspect", "--format", "{{.Id}} {{.State.Status}}", spec.name]);
    expect(now.trim()).toBe(`${id} running`);
  });

  it("waits for the one before to go, if that is being stopped", async ({ signal }) => {
    const spec = await at.stubborn(signal);
    const stopping = at.runtime.stop(spec.name, { graceMs: 2_000 }, signal);
    await expect.poll(async () => (await at.runtime.inspect(spec.name, signal))?.state).toBe("stopping");
    await at.runtime.start(spec, signal);
    // What was to be stopped runs again before podman has seen to the end of it, and it may say so.
    await stopping.catch(() => {});
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ state: "running" });
  });

  it("answers everybody else while it stops something slow", async ({ signal }) => {
    const spec = await at.stubborn(signal);
    const stopping = at.runtime.stop(spec.name, { graceMs: 2_000 }, signal);
    await realClock.sleep(200);
    const begin = performance.now();
    await at.runtime.list(signal);
    await at.runtime.inspect(spec.name, signal);
    expect(performance.now() - begin).toBeLessThan(1_000);
    await stopping;
  });

  it("does not disturb those who look, however many come and go", async ({ signal }) => {
    const { runtime } = at;
    let isBusy = true;
    const busy = Promise.all(
      [1, 2, 3].map(async () => {
        for (let round = 0; round < 4; round++) {
          const spec = at.spec({ does: "sleeps" });
          await runtime.start(spec, signal);
          await runtime.remove(spec.name, signal);
        }
      }),
    ).finally(() => {
      isBusy = false;
    });
    const looking = [1, 2].map(async () => {
      for (; isBusy; ) {
        for (const { name } of await runtime.list(signal)) await runtime.inspect(name, signal);
        await runtime.stats(signal);
      }
    });
    await Promise.all([busy, ...looking]);
  });

  it("mounts read-only where asked to, and writable otherwise", async ({ signal }) => {
    const folder = at.rig.folder;
    const volume = (readOnly: boolean) => [{ host: folder, guest: "/data", readOnly, relabel: false }];
    const line = "echo x > /data/from-inside && echo written || echo refused";
    expect(await at.output(at.shell(line, { volumes: volume(true) }), signal)).toContain("refused");
    expect(await at.output(at.shell(line, { volumes: volume(false) }), signal)).toContain("written");
  });

  it("takes its anonymous volumes along when it is removed", async ({ signal }) => {
    const context = join(at.rig.folder, "with-volume");
    await mkdir(context);
    await writeFile(join(context, "Dockerfile"), `FROM ${at.rig.image}\nVOLUME /data\n`);
    await at.rig.cli(["build", "--quiet", "--tag", "localhost/with-volume:v1", context]);
    const image = await at.podman.images.resolve("localhost/with-volume:v1", signal);
    const spec = at.spec({ does: "sleeps" }, { image });
    await at.runtime.start(spec, signal);
    expect((await at.rig.cli(["volume", "ls", "--quiet"])).trim().split("\n")).toHaveLength(1);
    await at.runtime.remove(spec.name, signal);
    expect(await at.rig.cli(["volume", "ls", "--quiet"])).toBe("");
  });

  it("never lets podman restart it", async ({ signal }) => {
    const spec = at.spec({ does: "sleeps" });
    await at.runtime.start(spec, signal);
    const shown = await at.rig.cli(["inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", spec.name]);
    expect(shown.trim()).toBe("no");
  });

  it("labels it with who it is and what it was made from, and nothing else", async ({ signal }) => {
    const spec = at.spec({ does: "sleeps" });
    await at.runtime.start(spec, signal);
    const shown = await at.rig.cli(["inspect", "--format", "{{json .Config.Labels}}", spec.name]);
    const { "io.buildah.version": _, ...labels } = JSON.parse(shown);
    expect(labels).toEqual({
      "mcp.service": "suite",
      "mcp.component": spec.labels.component,
      "mcp.instance": spec.labels.instance,
      "mcp.revision": "1",
      "mcp.spec-hash": spec.labels.specHash,
      "mcp.image": `${spec.image.reference}@${spec.image.digest}`,
    });
  });

  it("takes two round trips", async ({ signal }) => {
    const first = at.spec({ does: "sleeps" });
    await at.runtime.start(first, signal);
    const proxy = await SocketProxy.open(join(at.rig.folder, "proxy.sock"), at.rig.socket);
    try {
      await at.rig.connect({ socket: proxy.path }).runtime.start(at.spec({ does: "sleeps" }), signal);
    } finally {
      await proxy.close();
    }
    expect(proxy.asked).toEqual(["POST /containers/create", "POST /containers/<id>/start"]);
  });
});

async function createOnly(socket: string, body: object, signal: AbortSignal): Promise<string> {
  const http = new UnixHttp();
  const reply = await http.call(socket, { method: "POST", path: "/containers/create", body }, signal);
  http.close();
  expect(reply.status).toBe(201);
  return (reply.body as { Id: string }).Id;
}

async function isUdpTaken(port: number, address: string): Promise<boolean> {
  const socket = createSocket("udp4");
  try {
    await new Promise<void>((resolve, reject) => socket.once("error", reject).bind(port, address, resolve));
    return false;
  } catch {
    return true;
  } finally {
    socket.close();
  }
}
