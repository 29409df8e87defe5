import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "@mcp/host";
import { expect, it, onTestFinished } from "vitest";
import { UnixHttp } from "../http/unix-http.ts";
import { PodmanApi } from "../podman-api.ts";
import type { Connection } from "../socket/connection.ts";
import { inspectContainer } from "./lookup.ts";

/** Podman's API, as far as these answers go, one after the other. */
async function apiThatAnswers(answers: readonly (readonly [number, object])[]): Promise<PodmanApi> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-lookup-"));
  const path = join(folder, "podman.sock");
  let at = 0;
  const server = createServer((_request, response) => {
    const [status, body] = answers[Math.min(at++, answers.length - 1)] ?? [404, {}];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const http = new UnixHttp();
  onTestFinished(async () => {
    http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });
  return new PodmanApi({ socketPath: async () => path } as unknown as Connection, http, realClock);
}

const ended = [500, { message: "read /proc/22621/cgroup: no such process" }] as const;
const never = new AbortController().signal;

it("a container that ends while podman looks at it is looked at again", async () => {
  const api = await apiThatAnswers([ended, ended, [200, { Name: "w", Id: "1" }]]);
  expect(await inspectContainer(api, "w", never)).toMatchObject({ Name: "w" });
});

it("what podman goes on failing at is told", async () => {
  const api = await apiThatAnswers([ended]);
  await expect(inspectContainer(api, "w", never)).rejects.toMatchObject({ code: "runtime_failed" });
});
