import { expect, it, onTestFinished } from "vitest";
import { supervisorsOf } from "../../packages/runtime-podman/test/supervisors.ts";
import { killVms, losePower } from "./lose-power.ts";
import { deploy, last, newRequestId, withNode } from "./node.ts";
import { vmProcesses } from "./vm-processes.ts";

const node = withNode({ microvms: true });

const firstPort = 20_000 + (process.pid % 10_000);
const ports = { web: firstPort, vm: firstPort + 1 };
/** Its own, since podmans share in the kernel what networks of one name lead to, and this one's is taken away. */
const network = `mcpt-${process.pid}`;
const names = ["web", "vm"] as const;

const component = (name: keyof typeof ports, more: string): string => `
[[components]]
name = "${name}"
image = "${node.rig.image}"
entrypoint = ["/bin/sh", "-c"]
cmd = ["mkdir -p /tmp/www; echo ${name} >/tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www"]
ports = ["127.0.0.1:${ports[name]}:8080"]
start_period = "500ms"
grace = "1s"
${more}
`;
const toml = (): string =>
  `name = "mix"${component("web", `network = "${network}"\nrestart = "on-failure:1"`)}${component("vm", 'runtime = "microvm"\nmemory = 128\nrestart = "no"')}`;

async function page(name: keyof typeof ports): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${ports[name]}/`, {
    signal: AbortSignal.timeout(1_000),
  }).catch(() => undefined);
  return (await answer?.text())?.trim();
}
const bothAnswer = () =>
  expect
    .poll(async () => [await page("web"), await page("vm")], { timeout: 60_000, interval: 100 })
    .toEqual(names);

async function seen() {
  const { instances = [] } = await node.client.liveCheck({});
  return instances
    .map(({ component = "", instance, observed }) => ({ component, instance, observed }))
    .sort((a, b) => a.component.localeCompare(b.component));
}

it("a container and a virtual machine are back after the power was lost, twice, and that is no restart", async () => {
  // Of a test that failed: for whoever looks in another boot they have ended.
  onTestFinished(() => killVms(node));
  const { state, problem } = await deploy(node, toml());
  expect({ state, problem: problem?.message }).toEqual({ state: "STATE_SUCCEEDED", problem: undefined });
  await bothAnswer();
  const before = await seen();
  expect(before.map(({ component }) => component)).toEqual(["vm", "web"]);
  for (let boot = 1; boot <= 2; boot++) {
    const qemus = (await vmProcesses(node.vmState)).map(({ pid }) => pid);
    await losePower(node);
    await bothAnswer();
    await expect.poll(seen, { timeout: 20_000 }).toEqual(before);
    const again = await vmProcesses(node.vmState);
    expect(again.filter(({ argv }) => argv[0]?.includes("qemu-system"))).toHaveLength(1);
    expect(again.filter(({ pid }) => qemus.includes(pid))).toEqual([]);
    const web = before.find(({ component }) => component === "web")?.instance ?? "";
    await expect.poll(() => supervisorsOf(node.rig.folder, web)).toHaveLength(1);
    const { services = [] } = await node.client.status({ service: "mix" });
    for (const { restarts = 0, quickEnds = 0 } of services[0]?.components ?? expect.fail("nothing is there"))
      expect([restarts, quickEnds]).toEqual([0, 0]);
    const { events = [] } = await node.client.listEvents({ service: "mix", limit: 1_000 });
    for (const { instance } of before)
      expect(
        events.filter(({ text }) => text === `${instance} was started after a boot of this machine`),
      ).toHaveLength(boot);
  }
  await last(node.client.undeploy({ requestId: newRequestId(), service: "mix" }));
  expect(await vmProcesses(node.vmState)).toEqual([]);
  expect((await node.rig.cli(["ps", "--all", "--quiet"])).trim()).toBe("");
});
