import { realClock } from "@mcp/host";
import { expect, it } from "vitest";
import { askTcp } from "../../packages/agent/src/health/tcp.ts";
import { withRig } from "../../packages/runtime-podman/test/with-rig.ts";

const at = withRig("user");

const port = 41_000 + (process.pid % 10_000);
const ask = () => askTcp({ address: "127.0.0.1", port }, 8080, realClock, AbortSignal.timeout(5_000));

it("a tcp check sees through rootless podman's forwarder, which accepts before anybody listens", async () => {
  const script =
    "mkdir -p /tmp/www; while [ ! -e /go ]; do sleep 0.1; done; exec httpd -f -p 8080 -h /tmp/www";
  const published = `127.0.0.1:${port}:8080`;
  await at.rig.cli([
    "run",
    "--detach",
    "--name",
    "late",
    "--publish",
    published,
    at.rig.image,
    "/bin/sh",
    "-c",
    script,
  ]);
  expect(await ask()).toEqual({
    passed: false,
    text: "port 8080 accepted a connection and closed it at once",
  });
  await at.rig.cli(["exec", "late", "/bin/sh", "-c", ": >/go"]);
  await expect.poll(async () => (await ask()).passed).toBe(true);
});
