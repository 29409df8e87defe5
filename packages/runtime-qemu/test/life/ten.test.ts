import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LogLine, PortMapping, Runtime, WorkloadSpec } from "@mcp/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type QemuRig, rigMissing, startQemuRig } from "../rig.ts";
import { askHttp, dhcpDiscover, freePorts, type Listener, listenOnLoopback, sendUdp } from "./sockets.ts";

const missing = await rigMissing();

describe.skipIf(missing)(`ten virtual machines at once${missing ? ` (not run: ${missing})` : ""}`, () => {
  const signal = AbortSignal.timeout(170_000);
  let rig: QemuRig;
  let runtime: Runtime;
  let specs: WorkloadSpec[];
  let ownListener: Listener;
  const first = () => specs[0] as WorkloadSpec;
  const linesOf = async (name: string): Promise<string[]> => {
    const lines: LogLine[] = [];
    for await (const line of runtime.logs(name, {}, signal)) lines.push(line);
    return lines.map(({ text }) => text);
  };

  beforeAll(async () => {
    rig = await startQemuRig();
    runtime = rig.connect().microvm;
    ownListener = await listenOnLoopback();
    const free = await freePorts(21);
    const port = (guest: number, protocol: "tcp" | "udp" = "tcp"): PortMapping => ({
      address: "127.0.0.1",
      host: free.pop() ?? 0,
      guest,
      protocol,
    });
    specs = Array.from({ length: 10 }, (_, index) =>
      rig.spec(
        { does: "sleeps" },
        {
          ports: [port(80), port(81), ...(index === 0 ? [port(67, "udp")] : [])],
          cmd: ["sh", "-c", serving(index === 0)],
          user: "0:0",
        },
      ),
    );
    await Promise.all(specs.map((spec) => runtime.start(spec, signal)));
  });
  afterAll(async () => {
    await ownListener?.close();
    await rig?.close();
  });

  /** Two servers; the first also a listener for udp, and somebody who tries to reach the host. */
  const serving = (isFirst: boolean): string =>
    [
      "trap 'echo bye; exit 0' TERM",
      "echo booted",
      "mkdir -p /one /two; echo one >/one/index.html; echo two >/two/index.html",
      "httpd -p 80 -h /one; httpd -p 81 -h /two",
      ...(isFirst
        ? [
            "printf 'interface eth0\\nstart 10.0.2.20\\nend 10.0.2.30\\nlease_file /tmp/leases\\npidfile /tmp/pid\\n' >/tmp/conf",
            "touch /tmp/leases; busybox udhcpd -f /tmp/conf 2>&1 &",
            `wget -T 2 -q -O - http://10.0.2.2:${ownListener.port}/ 2>&1 || echo unreachable`,
          ]
        : []),
      "while :; do sleep 1000 & wait $!; done",
    ].join("\n");

  it("serve, each on its ports", async () => {
    const answers = await Promise.all(
      specs.flatMap(({ ports: [one, two] }) => [askHttp(one?.host ?? 0), askHttp(two?.host ?? 0)]),
    );
    expect(answers).toEqual(specs.flatMap(() => ["one\n", "two\n"]));
    const hears = first().ports[2]?.host ?? 0;
    await expect
      .poll(async () => {
        await sendUdp(hears, dhcpDiscover());
        return (await linesOf(first().name)).some((line) => line.includes("OFFER"));
      })
      .toBe(true);
  });

  it("cannot reach what listens on the host's loopback", async () => {
    await expect.poll(() => linesOf(first().name)).toContain("unreachable");
    expect(ownListener.count()).toBe(0);
  });

  it("run as the configured user, with what it cannot need denied by the kernel", async () => {
    for (const { pid } of await runtime.list(signal)) {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1];
      expect(field("Uid")).not.toBe("0");
      expect(field("Seccomp")).toBe("2");
      if (process.getuid?.() === 0) expect(field("NoNewPrivs")).toBe("1");
      expect(field("CapEff")).toBe("0000000000000000");
    }
  });

  it("are measured, each for itself", async () => {
    const stats = await runtime.stats(signal);
    expect([...stats.keys()].sort()).toEqual(specs.map(({ name }) => name).sort());
    for (const usage of stats.values()) {
      expect(usage.memoryLimitBytes).toBe(128 * 2 ** 20);
      expect(usage.memoryBytes).toBeGreaterThan(40 * 2 ** 20);
      expect(usage.cpuCores).toBeGreaterThan(0);
      expect(usage.cpuCores).toBeLessThan(4);
    }
  });

  it("stop at once, and by themselves", async () => {
    await Promise.all(specs.map(({ name }) => runtime.stop(name, { graceMs: 20_000 }, signal)));
    for (const { exit } of await runtime.list(signal))
      expect(exit).toMatchObject({ reason: "exited", code: 0 });
  });

  it("keep their log when they are started again, while all look on", async () => {
    const { name } = first();
    const other = rig.connect().microvm;
    const looking = new AbortController();
    const looks = (async () => {
      for (; !looking.signal.aborted; await new Promise((resolve) => setTimeout(resolve, 1)))
        await Promise.all([runtime.list(signal), other.inspect(name, signal)]);
    })();
    await Promise.all([runtime.start(first(), signal), other.start(first(), signal)]);
    await expect.poll(async () => (await linesOf(name)).filter((line) => line === "booted")).toHaveLength(2);
    looking.abort();
    await looks;
    expect(await linesOf(name)).toContain("bye");
    await Promise.all([other.stop(name, { graceMs: 20_000 }, signal), runtime.remove(name, signal)]);
    expect(await runtime.inspect(name, signal)).toBeUndefined();
  });

  it("refuse to boot an image that was changed", async () => {
    const images = join(rig.folder, "images");
    const [key = ""] = (await readdir(images)).filter((entry) => !entry.startsWith("."));
    const disk = join(images, key, "root.squashfs");
    const bytes = await readFile(disk);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(disk, bytes);
    await expect(runtime.start(first(), signal)).rejects.toMatchObject({ code: "image_corrupted" });
    expect(await runtime.inspect(first().name, signal)).toBeUndefined();
    const second = specs[1] as WorkloadSpec;
    await expect(runtime.start(second, signal)).rejects.toMatchObject({ code: "image_corrupted" });
    expect((await runtime.inspect(second.name, signal))?.exit).toMatchObject({ reason: "exited" });
  });
});
