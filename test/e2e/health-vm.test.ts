import { expect, it } from "vitest";
import { deploy, last, newRequestId, withNode } from "./node.ts";

/** Skipped where there is no QEMU, or no kernel for its guests, with why. */
const node = withNode({ microvms: true });

const port = 20_000 + (process.pid % 10_000);

it("a virtual machine with an http check is deployed once its page is there, and not when it only listens", async () => {
  const toml = `
name = "vm"
[[components]]
name = "vm"
image = "${node.rig.image}"
runtime = "microvm"
memory = 128
entrypoint = ["/bin/sh", "-c"]
cmd = ["mkdir -p /tmp/www; httpd -p 8080 -h /tmp/www; sleep 3; echo hello >/tmp/www/index.html; sleep 1000"]
ports = ["127.0.0.1:${port}:8080"]
grace = "1s"
start_period = "0s"
health = { http = "/", interval = "500ms", timeout = "2s", start_period = "60s" }
`;
  const { state, problem, steps = [] } = await deploy(node, toml);
  expect({ state, problem: problem?.message }).toEqual({ state: "STATE_SUCCEEDED", problem: undefined });
  const stand = steps.find(({ action }) => action === "stand");
  const stoodMs = Date.parse(stand?.finishedAt ?? "") - Date.parse(stand?.startedAt ?? "");
  expect(stoodMs).toBeGreaterThan(2_500);
  const { services } = await node.client.status({ service: "vm" });
  expect(services?.[0]?.components?.[0]?.health).toMatchObject({
    state: "healthy",
    text: "GET / answered 200",
  });
  await last(node.client.undeploy({ requestId: newRequestId(), service: "vm" }));
});
