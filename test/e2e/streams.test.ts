import { readdir } from "node:fs/promises";
import { expect, it } from "vitest";
import { deploy, last, newRequestId, withNode } from "./node.ts";

const node = withNode();

/** CI opens a tenth of them. */
const streams = process.env.MCP_SOAK === "1" ? 1_000 : 100;
const atOnce = 10;

const openFiles = async (pid: number | undefined): Promise<number> =>
  (await readdir(`/proc/${pid}/fd`)).length;

/** In the agent, and in podman's service. */
const open = async () => ({
  agent: await openFiles(node.agent.pid),
  podman: await openFiles(node.rig.service.pid),
});

/** Opens one, reads the first that it gives, and goes away in the middle of it. */
async function openAndDrop(number: number): Promise<void> {
  const leaving = new AbortController();
  const options = { signal: leaving.signal };
  const stream =
    number % 2 === 0
      ? node.client.logs({ service: "talker", follow: true, tail: 1 }, options)
      : node.client.watchEvents({ afterId: "0" }, options);
  try {
    for await (const _ of stream) leaving.abort();
  } catch (thrown) {
    if (!leaving.signal.aborted) throw thrown;
  }
}

async function dropped(count: number): Promise<void> {
  for (let number = 0; number < count; number += atOnce)
    await Promise.all(Array.from({ length: atOnce }, (_, index) => openAndDrop(number + index)));
}

it(`${streams} streams of logs and events that were dropped leave no file open, in the agent or in podman's service`, async () => {
  await deploy(
    node,
    `name = "talker"
[[components]]
name = "talker"
image = "${node.rig.image}"
entrypoint = ["/bin/sh", "-c"]
cmd = ["trap 'exit 0' TERM; while :; do echo talks; sleep 0.1; done"]
start_period = "0s"
grace = "0s"
`,
  );
  // Connections that are kept for the next are no leak.
  await dropped(20);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const before = await open();
  await dropped(streams);
  // Fewer than a tenth of what one file for each would be.
  const most = { agent: before.agent + atOnce, podman: before.podman + atOnce };
  await expect
    .poll(async () => {
      const now = await open();
      return now.agent <= most.agent && now.podman <= most.podman ? "flat" : { before, now };
    })
    .toBe("flat");
  console.log("files open:", JSON.stringify({ before, after: await open() }));
  await last(node.client.undeploy({ requestId: newRequestId(), service: "talker" }));
}, 600_000);
