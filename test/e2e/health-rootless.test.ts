import { realClock } from "@mcp/host";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { askTcp } from "../../packages/agent/src/health/tcp.ts";
import { type PodmanRig, rigMissing, startPodmanRig } from "../../packages/runtime-podman/test/rig.ts";

let rig: PodmanRig;
let why: string | undefined;
beforeAll(async () => {
  why = await rigMissing("user");
  if (why === undefined) rig = await startPodmanRig({ who: "user" });
}, 180_000);
afterAll(() => rig?.close(), 60_000);
beforeEach(({ skip }) => {
  if (why !== undefined) skip(why);
});

const port = 41_000 + (process.pid % 10_000);
const ask = () => askTcp({ address: "127.0.0.1", port }, 8080, realClock, AbortSignal.timeout(5_000));

it("a tcp check sees through rootless podman's forwarder, which accepts before anybody listens", async () => {
  const script =
    "mkdir -p /tmp/www; while [ ! -e /go ]; do sleep 0.1; done; exec httpd -f -p 8080 -h /tmp/www";
  const published = `127.0.0.1:${port}:8080`;
  await rig.cli([
    "run",
    "--detach",
    "--name",
    "late",
    "--publish",
    published,
    rig.image,
    "/bin/sh",
    "-c",
    script,
  ]);
  expect(await ask()).toEqual({
    passed: false,
    text: "port 8080 accepted a connection and closed it at once",
  });
  await rig.cli(["exec", "late", "/bin/sh", "-c", ": >/go"]);
  await expect.poll(async () => (await ask()).passed).toBe(true);
});
