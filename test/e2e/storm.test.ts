import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { deploy, last, newRequestId, withNode } from "./node.ts";
import { type VmProcess, vmProcesses } from "./vm-processes.ts";

const node = withNode({ microvms: true });

/** CI has a tenth of it. */
const lastsMs = process.env.MCP_SOAK === "1" ? 300_000 : 30_000;
const seed = Number(process.env.MCP_SEED ?? Date.now() % 1_000_000);

/** The same numbers for the same seed. */
function numbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const services = { boxes: ["one", "two", "three"], machines: ["vm-a", "vm-b"] } as const;
const runtimeOf = { boxes: "container", machines: "microvm" } as const;

const definition = (service: keyof typeof services) =>
  `name = "${service}"\n${services[service]
    .map(
      (name) => `
[[components]]
name = "${name}"
image = "${node.rig.image}"
runtime = "${runtimeOf[service]}"
${service === "machines" ? "memory = 128" : ""}
entrypoint = ["/bin/sh", "-c"]
cmd = ["trap 'exit 0' TERM; while :; do sleep 0.1; done"]
start_period = "0s"
grace = "0s"
`,
    )
    .join("")}`;

const isKeeper = ({ argv }: VmProcess): boolean =>
  !argv[0]?.startsWith("/usr/bin/qemu") && argv.some((text) => text.includes("exit_file"));

/** The first processes of the containers that run. */
async function containerPids(): Promise<number[]> {
  const names = (await node.rig.cli(["ps", "--quiet"])).split("\n").filter(Boolean);
  const told = await Promise.all(
    names.map((name) => node.rig.cli(["inspect", "--format", "{{.State.Pid}}", name]).catch(() => "0")),
  );
  return told.map(Number).filter((pid) => pid > 0);
}

async function killOneOf(pids: readonly number[], random: () => number): Promise<void> {
  const pid = pids[Math.floor(random() * pids.length)];
  if (pid === undefined) return;
  // It may have ended since, and its number with it: only what is ours is hit.
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  if (line !== "") process.kill(pid, "SIGKILL");
}

async function restarts(): Promise<Record<string, number>> {
  const found = (await node.client.status({}, { timeoutMs: 60_000 })).services ?? [];
  return Object.fromEntries(
    found.flatMap(({ components }) =>
      (components ?? []).map(({ name = "", restarts: count = 0 }) => [name, count] as const),
    ),
  );
}

/** All that is there of both backends, whoever knows of it. */
async function whatIsThere(): Promise<string[]> {
  const told = await node.rig.cli([
    "ps",
    "--all",
    "--format",
    '{{index .Labels "mcp.component"}} {{.State}}',
  ]);
  // `Up 3 seconds`: not for how long.
  const boxes = told.split("\n").flatMap((line) => /^\S+ \w+/.exec(line)?.[0].toLowerCase() ?? []);
  const vms = await vmProcesses(node.vmState);
  return [...boxes.sort(), `${vms.filter((one) => !isKeeper(one)).length} QEMUs`];
}

it(`random kills leave what should run running once, and nothing else (seed ${seed})`, async () => {
  console.log(`storm: seed ${seed}, ${lastsMs / 1_000} s; again with MCP_SEED=${seed}`);
  for (const service of ["boxes", "machines"] as const) {
    const { state, problem } = await deploy(node, definition(service));
    expect({ state, problem }).toEqual({ state: "STATE_SUCCEEDED", problem: undefined });
  }
  const calm = await whatIsThere();
  expect(calm).toEqual(["one up", "three up", "two up", "2 QEMUs"]);
  const random = numbers(seed);
  const kills = {
    agent: async () => {
      await node.end("SIGKILL");
      await node.start();
    },
    container: async () => killOneOf(await containerPids(), random),
    qemu: async () => {
      const found = await vmProcesses(node.vmState);
      await killOneOf(
        found.flatMap((one) => (isKeeper(one) ? [] : [one.pid])),
        random,
      );
    },
    keeper: async () => {
      const found = await vmProcesses(node.vmState);
      await killOneOf(
        found.flatMap((one) => (isKeeper(one) ? [one.pid] : [])),
        random,
      );
    },
    podman: async () => {
      await node.rig.service.kill("SIGKILL");
      await node.rig.service.start();
    },
  };
  const done: Record<string, number> = {};
  let counted: Record<string, number> = await restarts();
  const until = performance.now() + lastsMs;
  while (performance.now() < until) {
    const what = Object.keys(kills)[Math.floor(random() * 5)] as keyof typeof kills;
    await kills[what]();
    done[what] = (done[what] ?? 0) + 1;
    const now = await restarts().catch(() => counted);
    for (const [name, count] of Object.entries(now))
      expect(count, `restarts of ${name}, after ${what}`).toBeGreaterThanOrEqual(counted[name] ?? 0);
    counted = now;
    await new Promise((resolve) => setTimeout(resolve, random() * 2_000));
  }
  console.log("storm:", JSON.stringify(done));
  // What was killed often waits for its next try, which is at most five minutes off: somebody asks.
  for (const service of ["boxes", "machines"]) {
    const asked = await last(node.client.start({ requestId: newRequestId(), service }));
    expect({ state: asked.state, problem: asked.problem }).toEqual({
      state: "STATE_SUCCEEDED",
      problem: undefined,
    });
  }
  await expect.poll(whatIsThere, { timeout: 60_000, interval: 500 }).toEqual(calm);
  const live = (await node.client.liveCheck({})).instances ?? [];
  expect(live.map(({ component, observed }) => `${component} ${observed}`).sort()).toEqual(
    Object.values(services)
      .flat()
      .map((name) => `${name} OBSERVED_STATE_RUNNING`)
      .sort(),
  );
  for (const service of ["boxes", "machines"])
    await last(node.client.undeploy({ requestId: newRequestId(), service }));
  expect(await whatIsThere()).toEqual(["0 QEMUs"]);
  await expect.poll(async () => (await vmProcesses(node.vmState)).length, { timeout: 30_000 }).toBe(0);
}, 700_000);
