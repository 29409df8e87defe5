import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "@mcp/host";
import { expect, it, onTestFinished } from "vitest";
import { UnixHttp } from "../http/unix-http.ts";
import { PodmanApi } from "../podman-api.ts";
import type { Connection } from "../socket/connection.ts";
import { inspectContainer, listContainers } from "./lookup.ts";

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

it("a container that keeps podman from listing the others is named, with how to be rid of it", async () => {
  const id = "9ceb771483b1".padEnd(64, "0");
  const says = `failed to read exit file for container ${id}: read /run/exits/${id}: is a directory`;
  const api = await apiThatAnswers([[500, { message: says }]]);
  await expect(listContainers(api, {}, never)).rejects.toMatchObject({
    code: "runtime_failed",
    message: `podman could not list any container, for one that it cannot read: ${says}`,
    hint: "mend what it names, or remove that one: podman rm --force 9ceb771483b1; what should run is made anew by itself",
  });
});

it("a list that fails for another reason blames no container", async () => {
  const api = await apiThatAnswers([[500, { message: "database is locked" }]]);
  await expect(listContainers(api, {}, never)).rejects.toMatchObject({
    code: "runtime_failed",
    hint: "see whether podman works: podman ps --all",
  });
});
