import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { deploy, last, newRequestId, withNode } from "./node.ts";

const node = withNode({ monitor: 'alert_command = ["tee", "--append", "FOLDER/told"]' });

interface Told {
  readonly state: string;
  readonly code: string;
  readonly subject: string;
  readonly hint: string;
}

const told = async (): Promise<Told[]> =>
  (await readFile(join(node.folder, "told"), "utf8").catch(() => ""))
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told);

const hello = () => `
name = "hello"
[[components]]
name = "hello"
image = "${node.rig.image}"
cmd = ["sleep", "1000"]
start_period = "100ms"
grace = "1s"`;

it("a podman that is gone is told once, also when the agent is killed meanwhile, and so is its return", async () => {
  expect((await deploy(node, hello())).state).toBe("STATE_SUCCEEDED");
  await node.rig.service.kill();
  await expect.poll(async () => (await told()).length, { timeout: 60_000 }).toBe(1);
  await node.end("SIGKILL");
  await node.start();
  // Long enough for the new agent to have found it wrong again, and to have told it if it did not know.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  await node.rig.service.start();
  await expect.poll(async () => (await told()).length, { timeout: 60_000 }).toBe(2);
  expect(await told()).toMatchObject([
    { state: "firing", code: "runtime_lost", subject: "podman" },
    { state: "recovered", code: "runtime_lost", subject: "podman" },
  ]);
  const { events } = await node.client.listEvents({ limit: 100 });
  expect(events?.filter(({ kind }) => kind === "alert").length).toBe(2);
  await last(node.client.undeploy({ requestId: newRequestId(), service: "hello" }));
}, 240_000);
