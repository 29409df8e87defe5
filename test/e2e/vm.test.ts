import { readdir } from "node:fs/promises";
import { createServer } from "node:net";
import type { LogLineJson } from "@mcp/client";
import { describe, expect, it } from "vitest";
import { deploy, last, newRequestId, withNode } from "./node.ts";
import { vmProcesses } from "./vm-processes.ts";

const node = withNode({ microvms: true });

const ports = { web: 40_000 + (process.pid % 10_000), vm: 50_000 + (process.pid % 10_000) } as const;
type Name = keyof typeof ports;

/** Serves one page that says which version it is, and counts on its output. */
const serving = (version: string) =>
  `mkdir -p /tmp/www; echo ${version} >/tmp/www/index.html; echo ready ${version}; ` +
  "(n=0; while :; do n=$((n + 1)); echo tick $n; sleep 0.1; done) & exec httpd -f -p 8080 -h /tmp/www";

const component = (name: Name, runtime: string, script: string) => `
[[components]]
name = "${name}"
image = "${node.rig.image}"
runtime = "${runtime}"
${runtime === "microvm" ? "memory = 128" : ""}
entrypoint = ["/bin/sh", "-c"]
cmd = ["${script}"]
ports = ["127.0.0.1:${ports[name]}:8080"]
start_period = "500ms"
grace = "${runtime === "microvm" ? "5s" : "300ms"}"
`;

/** A container and a virtual machine, of the same image. */
const mix = (version: string, vm = serving(version)) =>
  `name = "mix"\n${component("web", "container", serving(version))}${component("vm", "microvm", vm)}`;

async function page(name: Name): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await fetch(`http://127.0.0.1:${ports[name]}/`, { signal: AbortSignal.timeout(250) });
      return (await answer.text()).trim();
    } catch (thrown) {
      if (attempt > 60) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Deploys, and says why where that fails. */
async function deployed(toml: string) {
  const { state, problem, steps } = await deploy(node, toml);
  expect({ state, problem: problem?.message }).toEqual({ state: "STATE_SUCCEEDED", problem: undefined });
  return steps ?? [];
}

const live = async () => (await node.client.liveCheck({})).instances ?? [];
const liveVm = async () => (await live()).find(({ component }) => component === "vm");
const statusOf = async (name: Name) =>
  (await node.client.status({})).services?.[0]?.components?.find((one) => one.name === name);

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come about`);
}

async function logs(request: Parameters<typeof node.client.logs>[0], most = Number.POSITIVE_INFINITY) {
  const found: LogLineJson[] = [];
  for await (const { lines } of node.client.logs(request)) {
    found.push(...(lines ?? []));
    if (found.length >= most) break;
  }
  return found;
}
const ofVm = { service: "mix", component: "vm" } as const;
const texts = (lines: readonly LogLineJson[]) => lines.map(({ text }) => text ?? "");

const processes = async (): Promise<string[]> =>
  (await vmProcesses(node.vmState)).map(({ pid, argv }) => `${argv[0]} (pid ${pid})`);

/** The tests of this suite tell one story, in order: what the one before left is what the next one begins with. */
describe("a container and a virtual machine side by side, on a real node", () => {
  it("are deployed, and both answer", async () => {
    await deployed(mix("one"));
    expect([await page("web"), await page("vm")]).toEqual(["one", "one"]);
    const found = (await live()).map(({ component, runtime, observed }) => [component, runtime, observed]);
    expect(found.sort()).toEqual([
      ["vm", "microvm", "OBSERVED_STATE_RUNNING"],
      ["web", "container", "OBSERVED_STATE_RUNNING"],
    ]);
    const qemu = `(pid ${(await liveVm())?.pid})`;
    expect(await processes()).toContainEqual(expect.stringContaining(qemu));
  });

  it("change nothing when they are deployed again", async () => {
    const before = await liveVm();
    expect(await deployed(mix("one"))).toEqual([]);
    expect((await liveVm())?.pid).toBe(before?.pid);
  });

  it("have logs: the last ones, those since a time, and those to come", async () => {
    await until("a tenth tick", async () => texts(await logs(ofVm)).includes("tick 10"));
    const all = await logs(ofVm);
    expect(texts(all).slice(0, 3)).toEqual(["ready one", "tick 1", "tick 2"]);
    expect(all.every(({ found }) => !found)).toBe(true);
    const tail = texts(await logs({ ...ofVm, tail: 3 }));
    expect(tail).toHaveLength(3);
    const since = await logs({ ...ofVm, since: all[5]?.at ?? "" });
    expect(since[0]?.text).toBe(all[5]?.text);
    const followed = texts(await logs({ ...ofVm, tail: 0, follow: true }, 3));
    const first = Number(followed[0]?.split(" ")[1]);
    expect(followed.slice(0, 3)).toEqual([`tick ${first}`, `tick ${first + 1}`, `tick ${first + 2}`]);
  });

  it("stop, and start", async () => {
    await last(node.client.stop({ requestId: newRequestId(), service: "mix" }));
    expect(await statusOf("vm")).toMatchObject({ observed: "OBSERVED_STATE_STOPPED" });
    expect(await processes()).toEqual([]);
    await last(node.client.start({ requestId: newRequestId(), service: "mix" }));
    expect([await page("web"), await page("vm")]).toEqual(["one", "one"]);
  });

  it("go on with the old version when the new program ends, and show what it said", async () => {
    const failed = await deploy(node, mix("two", "echo no such table >&2; exit 3"));
    expect(failed).toMatchObject({ state: "STATE_FAILED", problem: { code: "exited_early" } });
    expect(failed.problem?.message).toContain("code 3");
    expect(failed.lastLogLines).toEqual(["no such table"]);
    expect([await page("web"), await page("vm")]).toEqual(["one", "one"]);
    expect(await live()).toHaveLength(2);
  });

  it("go on with the old version when the program is not in the image", async () => {
    const missing = mix("two").replace(
      /entrypoint = .*\n(?=cmd.*\nports.*:\d+:8080.*\n.*\ngrace = "5s")/,
      'entrypoint = ["/bin/nope"]\n',
    );
    const failed = await deploy(node, missing);
    expect(failed).toMatchObject({ state: "STATE_FAILED", problem: { code: "start_failed" } });
    expect(failed.problem?.message).toContain("there is no program /bin/nope in the image");
    expect([await page("web"), await page("vm")]).toEqual(["one", "one"]);
  });

  it("are updated, and rolled back", async () => {
    await deployed(mix("two"));
    expect([await page("web"), await page("vm")]).toEqual(["two", "two"]);
    await last(node.client.rollback({ requestId: newRequestId(), service: "mix" }));
    expect([await page("web"), await page("vm")]).toEqual(["one", "one"]);
  });

  it("refuse a port that another program listens on, and go on", async () => {
    const server = createServer();
    const taken = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    try {
      const moved = mix("two").replace(`:${ports.vm}:`, `:${taken}:`);
      const failed = await deploy(node, moved);
      expect(failed).toMatchObject({ state: "STATE_FAILED", problem: { code: "port_taken" } });
      expect(failed.problem?.message).toContain(`127.0.0.1:${taken}/tcp`);
    } finally {
      server.close();
    }
    expect([await page("web"), await page("vm")]).toEqual(["one", "one"]);
  });

  it("run on while the agent is killed: the same QEMU, and what was written meanwhile is found", async () => {
    const before = await liveVm();
    const known = texts(await logs(ofVm)).length;
    await node.end("SIGKILL");
    expect(await page("vm")).toBe("one");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await node.start();
    const after = await liveVm();
    expect(after?.pid).toBe(before?.pid);
    expect(after?.startedAt).toBe(before?.startedAt);
    const lines = await until("what was written meanwhile", async () => {
      const now = await logs(ofVm);
      return now.some(({ found }) => found) && now;
    });
    expect(lines.length).toBeGreaterThan(known + 5);
    const ticks = texts(lines).filter((text) => text.startsWith("tick "));
    const lastBoot = ticks.slice(ticks.lastIndexOf("tick 1"));
    expect(lastBoot).toEqual(lastBoot.map((_, index) => `tick ${index + 1}`));
  });

  it("are started again when QEMU is killed, which is told as a signal", async () => {
    const before = await liveVm();
    process.kill(before?.pid ?? Number.NaN, "SIGKILL");
    const after = await until("another QEMU", async () => {
      const now = await liveVm();
      return now?.pid !== undefined && now.pid !== before?.pid && now;
    });
    expect(after.instance).toBe(before?.instance);
    expect(await page("vm")).toBe("one");
    expect(await statusOf("vm")).toMatchObject({ restarts: 1, lastExitCode: 137 });
  });

  it("are undeployed without a trace", async () => {
    await last(node.client.undeploy({ requestId: newRequestId(), service: "mix" }));
    expect(await processes()).toEqual([]);
    expect((await readdir(node.vmState)).filter((name) => !name.startsWith("."))).toEqual([]);
    expect((await node.client.listServices({})).services ?? []).toEqual([]);
    expect((await node.rig.cli(["ps", "--all", "--quiet"])).trim()).toBe("");
  });
});

describe("a component that changes its runtime", () => {
  it("goes from container to virtual machine and back, with the same image", async () => {
    const one = (runtime: string) => `name = "mix"\n${component("vm", runtime, serving("same"))}`;
    for (const runtime of ["container", "microvm", "container"]) {
      await deployed(one(runtime));
      expect(await page("vm")).toBe("same");
      expect((await live()).map((each) => each.runtime)).toEqual([runtime]);
    }
    await last(node.client.undeploy({ requestId: newRequestId(), service: "mix" }));
    expect(await processes()).toEqual([]);
  });
});
