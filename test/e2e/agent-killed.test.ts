import { type FollowedEvent, followEvents } from "@mcp/client";
import { expect, it } from "vitest";
import { deploy, last, newRequestId, withNode } from "./node.ts";

const node = withNode({ microvms: true });

const kills = 10;
const backWithinMs = 5_000;

const talking = (name: string, runtime: string) => `
[[components]]
name = "${name}"
image = "${node.rig.image}"
runtime = "${runtime}"
${runtime === "microvm" ? "memory = 128" : ""}
entrypoint = ["/bin/sh", "-c"]
cmd = ["trap 'exit 0' TERM; while :; do echo ${name} talks; sleep 0.1; done"]
start_period = "0s"
grace = "0s"
`;

/** Of each component: its process, and how often it was restarted. */
async function lives(): Promise<string[]> {
  const live = (await node.client.liveCheck({})).instances ?? [];
  const { services } = await node.client.status({});
  const restarts = new Map(
    services?.[0]?.components?.map(({ name, restarts: count = 0 }) => [name, count] as const),
  );
  return live
    .map(
      ({ component = "", pid, observed }) =>
        `${component}: ${observed} as ${pid}, restarts: ${restarts.get(component)}`,
    )
    .sort();
}

/** Both write: how long until each was heard. */
async function untilBothAreHeard(): Promise<number> {
  const began = performance.now();
  const heard = new Set<string>();
  const signal = AbortSignal.timeout(60_000);
  for await (const { lines } of node.client.logs({ service: "pair", follow: true, tail: 0 }, { signal })) {
    for (const { component = "" } of lines ?? []) heard.add(component);
    if (heard.size === 2) break;
  }
  return performance.now() - began;
}

it("an agent killed ten times leaves its container and its virtual machine as they are, and streams come back", async () => {
  const leaving = new AbortController();
  const events: FollowedEvent[] = [];
  let wake = (): void => {};
  const following = (async () => {
    for await (const event of followEvents({ client: node.client, signal: leaving.signal })) {
      events.push(event);
      wake();
    }
  })().catch((thrown: unknown) => {
    if (!leaving.signal.aborted) throw thrown;
  });
  const starts = () =>
    events.filter((followed) => followed.type === "event" && followed.event.kind === "agent_started").length;
  await deploy(node, `name = "pair"\n${talking("box", "container")}${talking("vm", "microvm")}`);
  const before = await lives();
  expect(before).toHaveLength(2);
  await expect.poll(() => events.length).toBeGreaterThan(0);
  for (let round = 1; round <= kills; round++) {
    await node.end("SIGKILL");
    await node.start();
    const served = performance.now();
    expect(await untilBothAreHeard(), `logs, round ${round}`).toBeLessThan(backWithinMs);
    while (starts() < round && performance.now() - served < 60_000)
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 1_000);
      });
    expect(starts(), `events, round ${round}`).toBe(round);
    expect(performance.now() - served, `events, round ${round}`).toBeLessThan(backWithinMs);
    expect(await lives(), `round ${round}`).toEqual(before);
  }
  leaving.abort();
  await following;
  // Nothing was given twice, and nothing else happened than that it started.
  const ids = events.flatMap((followed) => (followed.type === "event" ? [Number(followed.event.id)] : []));
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  await last(node.client.undeploy({ requestId: newRequestId(), service: "pair" }));
}, 300_000);
