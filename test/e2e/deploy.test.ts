import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { spawnAgent } from "../../apps/agent/test/agent-process.ts";
import { deploy, last, newRequestId, withNode } from "./node.ts";

const node = withNode();

const port = 20_000 + (process.pid % 20_000);

/** Serves one page that says which version it is. */
const web = (version: string, more = "") => `
name = "web"
[[components]]
name = "web"
image = "${node.rig.image}"
entrypoint = ["/bin/sh", "-c"]
cmd = ["mkdir -p /tmp/www && echo ${version} > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www"]
ports = ["127.0.0.1:${port}:8080"]
start_period = "300ms"
grace = "300ms"
${more}`;

async function page(): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return (await (await fetch(`http://127.0.0.1:${port}/`)).text()).trim();
    } catch (thrown) {
      if (attempt > 40) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const containers = async () =>
  (await node.rig.cli(["ps", "--all", "--format", "{{.Names}} {{.State}}"])).split("\n").filter(Boolean);

/** The tests of this suite tell one story, in order: what the one before left is what the next one begins with. */
describe("a service on a real node", () => {
  it("is deployed and answers", async () => {
    expect(await deploy(node, web("one"))).toMatchObject({ state: "STATE_SUCCEEDED" });
    expect(await page()).toBe("one");
    expect(await containers()).toHaveLength(1);
  });

  it("changes nothing when deployed again", async () => {
    const before = await containers();
    const again = await deploy(node, web("one"));
    expect(again.steps ?? []).toEqual([]);
    expect(await containers()).toEqual(before);
  });

  it("is updated", async () => {
    expect(await deploy(node, web("two"))).toMatchObject({ state: "STATE_SUCCEEDED" });
    expect(await page()).toBe("two");
    expect(await containers()).toHaveLength(1);
  });

  it("goes on with the old version when the new one fails, and shows why", async () => {
    const broken = web("three").replace("exec httpd", "echo no such table >&2 && exit 3; httpd");
    const failed = await deploy(node, broken);
    expect(failed).toMatchObject({ state: "STATE_FAILED", problem: { code: "exited_early" } });
    expect(failed.problem?.message).toContain("code 3");
    expect(failed.lastLogLines).toEqual(["no such table"]);
    expect(await page()).toBe("two");
    expect(await containers()).toHaveLength(1);
  });

  it("rolls back", async () => {
    await last(node.client.rollback({ requestId: newRequestId(), service: "web" }));
    expect(await page()).toBe("one");
  });

  it("runs on, the same process, while its agent is killed, stopped and started again", async () => {
    const pid = async () => (await node.client.liveCheck({})).instances?.[0]?.pid;
    const before = await pid();
    expect(before).toBeGreaterThan(0);
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const code = await node.end(signal);
      if (signal === "SIGTERM") expect(code).toBe(0);
      expect(await page()).toBe("one");
      await node.start();
      expect(await pid()).toBe(before);
    }
    const { services } = await node.client.status({});
    expect(services?.[0]?.components?.[0]).toMatchObject({ observed: "OBSERVED_STATE_RUNNING" });
  });

  it("is started again when its container is killed", async () => {
    const [name] = (await containers())[0]?.split(" ") ?? [];
    await node.rig.cli(["kill", name as string]);
    for (let attempt = 0; attempt < 100; attempt++) {
      const { services } = await node.client.status({});
      if (services?.[0]?.components?.[0]?.restarts === 1) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await page()).toBe("one");
  });

  it("stops, and starts", async () => {
    await last(node.client.stop({ requestId: newRequestId(), service: "web" }));
    expect((await containers())[0]).toMatch(/exited/i);
    await last(node.client.start({ requestId: newRequestId(), service: "web" }));
    expect(await page()).toBe("one");
  });

  it("shows its log lines", async () => {
    const lines: string[] = [];
    const said = web("four").replace("exec httpd", "echo ready && exec httpd");
    await deploy(node, said);
    for await (const batch of node.client.logs({ service: "web" }))
      lines.push(...(batch.lines ?? []).map(({ text }) => text ?? ""));
    expect(lines).toEqual(["ready"]);
  });

  it("is undeployed without a trace", async () => {
    await last(node.client.undeploy({ requestId: newRequestId(), service: "web" }));
    expect(await containers()).toEqual([]);
    expect((await node.client.listServices({})).services ?? []).toEqual([]);
  });
});

describe("the agent's socket", () => {
  it("is for its owner alone", async () => {
    const { mode } = await stat(join(node.folder, "agent.sock"));
    expect((mode & 0o777).toString(8)).toBe("600");
  });

  it("has one agent: a second one says so and ends", async () => {
    const second = spawnAgent(["server", "--config", node.config]);
    let said = "";
    second.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const code = await new Promise((resolve) => second.once("exit", resolve));
    expect(code).toBe(6);
    expect(said).toContain("another program listens on");
    expect(said).not.toContain("    at ");
  });
});
