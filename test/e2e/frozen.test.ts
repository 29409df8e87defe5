import { expect, it } from "vitest";
import { deploy, withNode } from "./node.ts";

const runtimes = { box: "container", machine: "microvm" } as const;
type Service = keyof typeof runtimes;

const node = withNode({
  microvms: true,
  async prepare() {
    for (const [name, runtime] of Object.entries(runtimes)) await deploy(node, definition(name, runtime));
  },
});

/** Of an answer about what does not answer itself: its own limit of 10 s, and what a busy machine takes. */
const answersWithinMs = 20_000;

const definition = (name: string, runtime: string) => `
name = "${name}"
[[components]]
name = "${name}"
image = "${node.rig.image}"
runtime = "${runtime}"
${runtime === "microvm" ? "memory = 128" : ""}
entrypoint = ["/bin/sh", "-c"]
cmd = ["trap 'exit 0' TERM; while :; do sleep 0.1; done"]
start_period = "0s"
grace = "0s"
`;

const statusOf = async (service: Service) =>
  (await node.client.status({ service })).services?.[0]?.components?.[0];

async function pidOf(service: Service): Promise<number> {
  const live = (await node.client.liveCheck({ service })).instances?.[0];
  if (!live?.pid) throw new Error(`${service} does not run`);
  return live.pid;
}

/** How often it was restarted, once it runs and has been so at least so often. */
const runsAgain = (service: Service, restarts: number) =>
  expect
    .poll(
      async () => {
        const found = await statusOf(service);
        return found?.observed === "OBSERVED_STATE_RUNNING" && (found.restarts ?? 0) >= restarts
          ? found.restarts
          : found;
      },
      { timeout: 60_000, interval: 200 },
    )
    .toBe(restarts);

async function answersInTime(ask: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await ask();
  expect(performance.now() - began).toBeLessThan(answersWithinMs);
}

it("a podman that is frozen hides its containers only: virtual machines are repaired, and it is when it goes on", async () => {
  const [box, machine] = [await pidOf("box"), await pidOf("machine")];
  const { pid } = node.rig.service;
  process.kill(pid, "SIGSTOP");
  try {
    process.kill(machine, "SIGKILL");
    process.kill(box, "SIGKILL");
    await runsAgain("machine", 1);
    const [seen] = await Promise.all([
      statusOf("box"),
      answersInTime(() => node.client.status({})),
      answersInTime(() => node.client.nodeStatus({})),
    ]);
    expect(seen).toMatchObject({ observed: "OBSERVED_STATE_UNKNOWN" });
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await runsAgain("box", 1);
  await runsAgain("machine", 1);
}, 180_000);

it("a virtual machine that is frozen delays nobody, and is the same one when it goes on", async () => {
  const [box, machine] = [await pidOf("box"), await pidOf("machine")];
  process.kill(machine, "SIGSTOP");
  try {
    process.kill(box, "SIGKILL");
    await runsAgain("box", 2);
    await answersInTime(() => node.client.status({}));
    await answersInTime(() => node.client.liveCheck({}));
    await node.passes(3);
  } finally {
    process.kill(machine, "SIGCONT");
  }
  await runsAgain("machine", 1);
  expect(await pidOf("machine")).toBe(machine);
}, 180_000);
