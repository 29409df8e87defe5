import { describe, expect, it } from "vitest";
import { deploy, last, needMicrovms, newRequestId, withNode } from "./node.ts";

const node = withNode();

const port = 30_000 + (process.pid % 10_000);
const published = `ports = ["127.0.0.1:${port}:8080"]`;

interface Wanted {
  readonly service: string;
  readonly script: string;
  readonly health: string;
  readonly more?: string;
}

const definition = ({ service, script, health, more = "" }: Wanted) => `
name = "${service}"
[[components]]
name = "${service}"
image = "${node.rig.image}"
entrypoint = ["/bin/sh", "-c"]
cmd = ["${script}"]
grace = "300ms"
start_period = "0s"
health = { ${health} }
${more}
`;

/** Begins to answer after so long. */
const serving = (version: string, afterS = 0) =>
  `mkdir -p /tmp/www; echo ${version} >/tmp/www/index.html; sleep ${afterS}; exec httpd -f -p 8080 -h /tmp/www`;

async function page(): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return (await (await fetch(`http://127.0.0.1:${port}/`)).text()).trim();
    } catch (thrown) {
      if (attempt > 60) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function deployed(toml: string) {
  const { state, problem, steps = [] } = await deploy(node, toml);
  expect({ state, problem: problem?.message }).toEqual({ state: "STATE_SUCCEEDED", problem: undefined });
  const stand = steps.find(({ action }) => action === "stand");
  return { stoodMs: Date.parse(stand?.finishedAt ?? "") - Date.parse(stand?.startedAt ?? ""), steps };
}

const statusOf = async (service: string) =>
  (await node.client.status({ service })).services?.[0]?.components?.[0];

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain until ${what}`);
}

const undeploy = (service: string) => last(node.client.undeploy({ requestId: newRequestId(), service }));

describe("a container with an http check", () => {
  const web = (script: string, more = "") =>
    definition({
      service: "web",
      script,
      health: `http = "/", interval = "300ms", timeout = "1s", retries = 2, start_period = "20s", ${more}`,
      more: published,
    });

  it("is deployed once it answers, at the port where it is published", async () => {
    const { stoodMs, steps } = await deployed(web(serving("one", 1)));
    expect(
      steps.map(({ action, untilHealthy }) => `${action}${untilHealthy ? " until healthy" : ""}`),
    ).toEqual(["start", "stand until healthy", "accept"]);
    expect(stoodMs).toBeGreaterThan(800);
    expect(await page()).toBe("one");
    expect(await statusOf("web")).toMatchObject({
      observed: "OBSERVED_STATE_RUNNING",
      health: { state: "healthy", text: "GET / answered 200" },
    });
  });

  it("goes on with the old version when the new one does not become healthy", async () => {
    const broken = web("mkdir -p /tmp/www; echo no page >&2; exec httpd -f -p 8080 -h /tmp/www").replace(
      "20s",
      "0s",
    );
    const failed = await deploy(node, broken);
    expect(failed).toMatchObject({ state: "STATE_FAILED", problem: { code: "unhealthy" } });
    expect(failed.problem?.message).toContain("is unhealthy: GET / answered 404");
    expect(failed.lastLogLines).toEqual(["no page"]);
    expect(await page()).toBe("one");
  });

  it("is restarted when it is unhealthy, where its definition says so", async () => {
    await deployed(web(serving("two"), "restart = true"));
    await node.rig.cli([
      "exec",
      (await statusOf("web"))?.instance ?? "",
      "/bin/sh",
      "-c",
      "rm /tmp/www/index.html",
    ]);
    await until("it was restarted", async () => (await statusOf("web"))?.restarts === 1);
    await until("it is healthy", async () => (await statusOf("web"))?.health?.state === "healthy");
    expect(await page()).toBe("two");
    await undeploy("web");
  });

  it("is asked at its own address where nothing is published", async () => {
    await deployed(
      definition({
        service: "inner",
        script: serving("inner"),
        health: 'http = "/", port = 8080, start_period = "20s"',
      }),
    );
    expect((await statusOf("inner"))?.health).toMatchObject({ state: "healthy" });
    await undeploy("inner");
  });
});

describe("a container with an exec check", () => {
  it("is deployed once its program exits with 0", async () => {
    const { stoodMs } = await deployed(
      definition({
        service: "job",
        script: "sleep 1; touch /ready; sleep 1000",
        health:
          'exec = ["/bin/sh", "-c", "test -e /ready || { echo not ready; exit 3; }"], start_period = "20s"',
      }),
    );
    expect(stoodMs).toBeGreaterThan(800);
    expect((await statusOf("job"))?.health?.text).toBe("/bin/sh exited with code 0");
    await undeploy("job");
  });
});

describe("a virtual machine", () => {
  needMicrovms();
  const vm = (health: string, more = published) =>
    definition({
      service: "vm",
      script: serving("vm", 3),
      health,
      more: `runtime = "microvm"\nmemory = 128\n${more}`,
    });
  const refusal = async (toml: string): Promise<string> =>
    deploy(node, toml).then(
      () => "not refused",
      (thrown: unknown) => (thrown as { code: string }).code,
    );

  it("is healthy by tcp only once its program listens, though QEMU accepts connections before", async () => {
    const { stoodMs } = await deployed(vm('tcp = 8080, timeout = "2s", start_period = "60s"'));
    expect(stoodMs).toBeGreaterThan(2_500);
    expect(await page()).toBe("vm");
    expect((await statusOf("vm"))?.health).toMatchObject({
      state: "healthy",
      text: "port 8080 accepts connections",
    });
    await undeploy("vm");
  });

  it("is refused with a check that it cannot have, before anything is made", async () => {
    expect(await refusal(vm('exec = ["true"]'))).toBe("definition_invalid");
    expect(await refusal(vm("tcp = 8080", ""))).toBe("health_unreachable");
    expect((await node.client.listServices({})).services ?? []).toEqual([]);
  });
});
