import { describe, expect, it } from "vitest";
import { deploy, last, needMicrovms, newRequestId, withNode } from "./node.ts";

const node = withNode();

const definition = (service: string, runtime: string, script: string) => `
name = "${service}"
[[components]]
name = "web"
image = "${node.rig.image}"
runtime = "${runtime}"
${runtime === "microvm" ? "memory = 128" : ""}
entrypoint = ["/bin/sh", "-c"]
cmd = ["${script}"]
start_period = "0s"
grace = "0s"
`;

const statusOf = async (service: string) =>
  (await node.client.status({ service })).services?.[0]?.components?.[0];
const liveOf = async (service: string) => (await node.client.liveCheck({ service })).instances?.[0];

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 1_200; attempt++) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come about`);
}

describe.each(["container", "microvm"])("a real %s", (runtime) => {
  if (runtime === "microvm") needMicrovms();
  const service = `crash-${runtime}`;

  it("that is killed runs again at once", async () => {
    await deploy(node, definition(service, runtime, "trap 'exit 0' TERM; while :; do sleep 0.1; done"));
    const { pid = 0 } = await until("its process", () => liveOf(service));
    const started = (await node.client.listEvents({ service })).events?.length ?? 0;
    process.kill(pid, "SIGKILL");
    const again = await until("another process", async () => {
      const found = await liveOf(service);
      return found?.pid && found.pid !== pid && found.observed === "OBSERVED_STATE_RUNNING"
        ? found
        : undefined;
    });
    expect(again.pid).not.toBe(pid);
    const events = ((await node.client.listEvents({ service })).events ?? []).slice(started);
    const at = (kind: string) => Date.parse(events.find((event) => event.kind === kind)?.at ?? "");
    // No pause lies between what was seen and its restart: a slow machine may take its time for the start itself.
    const operation = (await node.client.listOperations({ service })).operations?.find(
      ({ kind }) => kind === "repair",
    );
    const begun = Date.parse(operation?.steps?.find(({ action }) => action === "start")?.startedAt ?? "");
    expect(begun - at("observed")).toBeLessThan(2_500);
    expect((await statusOf(service))?.restarts).toBe(1);
    await last(node.client.undeploy({ requestId: newRequestId(), service }));
  }, 120_000);

  it("that ends again and again is crash-looping, and is told once with the end of its log", async () => {
    await deploy(node, definition(service, runtime, "sleep 0.2; echo no database; exit 7"));
    const seen = await until("a crash loop that waits", async () => {
      const found = await statusOf(service);
      return found?.observed === "OBSERVED_STATE_CRASH_LOOPING" && found.nextTryAt ? found : undefined;
    });
    expect(seen).toMatchObject({ lastExitCode: 7, drift: [{ kind: "crash_looping" }] });
    expect(seen.quickEnds).toBeGreaterThanOrEqual(3);
    const before = seen.restarts ?? 0;
    await until("another try", async () => ((await statusOf(service))?.restarts ?? 0) > before);
    const told = (await node.client.listEvents({ service })).events?.filter(
      ({ kind }) => kind === "crash_loop",
    );
    expect(told).toHaveLength(1);
    // Somebody mends it.
    await deploy(node, definition(service, runtime, "trap 'exit 0' TERM; while :; do sleep 0.1; done"));
    expect(await statusOf(service)).toMatchObject({ observed: "OBSERVED_STATE_RUNNING" });
    await until("that it has recovered", async () =>
      (await node.client.listEvents({ service })).events?.some(({ kind }) => kind === "recovered"),
    );
    await last(node.client.undeploy({ requestId: newRequestId(), service }));
  }, 180_000);
});
