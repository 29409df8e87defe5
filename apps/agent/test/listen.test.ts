import { once } from "node:events";
import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import { Agent as HttpAgent } from "node:http";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectError, createClient } from "@connectrpc/connect";
import { errorFromJson } from "@connectrpc/connect/protocol-connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { isProblem } from "@mcp/base";
import { silentLogger } from "@mcp/host";
import { AgentService, ProblemDetailSchema } from "@mcp/proto";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectHandler } from "../src/connect-handler.ts";
import { type Listening, type ListenLimits, listen, requireFreeSocket } from "../src/listen.ts";

const limits: ListenLimits = { silentMs: 300, headMs: 300, bodyMs: 300, closeMs: 500 };
const unlimited: ListenLimits = { silentMs: 60_000, headMs: 60_000, bodyMs: 60_000, closeMs: 500 };

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-listen-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "agent.sock");
}

interface Opened {
  readonly path: string;
  readonly server: Listening;
}

/** A server whose stream of events says one thing, and then nothing until its client leaves. */
async function open(given = limits, path?: string): Promise<Opened> {
  const at = path ?? (await newPath());
  const handler = connectHandler(
    (router) =>
      void router.service(AgentService, {
        nodeStatus: () => ({ node: { name: "test" } }),
        async *watchEvents(_request, { signal }) {
          yield { event: { text: "first" } };
          await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        },
      }),
    silentLogger,
  );
  const server = await listen(at, handler, given);
  onTestFinished(() => server.close());
  return { path: at, server };
}

function clientOf(path: string, httpVersion: "1.1" | "2") {
  if (httpVersion === "2")
    return createClient(
      AgentService,
      createConnectTransport({
        httpVersion,
        baseUrl: "http://agent",
        nodeOptions: { createConnection: () => connectSocket(path) },
      }),
    );
  const agent = new HttpAgent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  // @types/node knows a socket path only of a request.
  const nodeOptions = { agent, socketPath: path };
  return createClient(
    AgentService,
    createConnectTransport({ httpVersion, baseUrl: "http://agent", nodeOptions }),
  );
}

/** A connection that says just this, and how long it lives, in ms. */
async function say(path: string, text: string): Promise<{ socket: Socket; lives: Promise<number> }> {
  const socket = connectSocket(path);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  const beginMs = performance.now();
  // Whatever is said while it is being closed is an error too.
  socket.on("error", () => {});
  const lives = new Promise<number>((resolve) => {
    socket.resume().once("close", () => resolve(performance.now() - beginMs));
  });
  if (text !== "") socket.write(text);
  return { socket, lives };
}

const head =
  "POST /mcp.v1.AgentService/NodeStatus HTTP/1.1\r\nHost: agent\r\nContent-Type: application/json\r\n";
const whole = `${head}Content-Length: 2\r\n\r\n{}`;

describe("the agent's socket", () => {
  it("is for its owner alone", async () => {
    const { path } = await open();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("is refused to a second agent, which can know before it does anything", async () => {
    const { path } = await open();
    for (const attempt of [() => listen(path, () => {}), () => requireFreeSocket(path)]) {
      const thrown = await attempt().catch((error: unknown) => error);
      expect(isProblem(thrown) && thrown.code).toBe("socket_in_use");
    }
    expect((await clientOf(path, "2").nodeStatus({})).node?.name).toBe("test");
  });

  it("is taken over from an agent that was killed", async () => {
    const path = await newPath();
    const killed = createServer().listen(path);
    await once(killed, "listening");
    // Closing removes the file, which a kill does not.
    await rename(path, `${path}.dead`);
    killed.close();
    await once(killed, "close");
    await rename(`${path}.dead`, path);
    await requireFreeSocket(path);
    await open(limits, path);
    expect((await clientOf(path, "1.1").nodeStatus({})).node?.name).toBe("test");
  });

  it.each(["1.1", "2"] as const)("answers over HTTP/%s, with streams", async (version) => {
    const { path } = await open();
    const client = clientOf(path, version);
    expect((await client.nodeStatus({})).node?.name).toBe("test");
    for await (const { event } of client.watchEvents({})) {
      expect(event?.text).toBe("first");
      break;
    }
  });
});

describe("a connection that keeps the agent waiting is closed", () => {
  it.each([
    ["that says nothing", ""],
    ["with half a head", "POST / HTTP/1.1\r\nHost:"],
    ["with half a body", `${head}Content-Length: 10\r\n\r\n{`],
    ["with half a request after a whole one", `${whole}POST / HT`],
    ["with half the beginning of HTTP/2", "PRI * HTTP/2.0\r\n"],
  ])("%s", async (_, text) => {
    const { path } = await open();
    expect(await (await say(path, text)).lives).toBeGreaterThan(250);
  });

  it("though what it says comes drop by drop", async () => {
    const { path } = await open();
    const { socket, lives } = await say(path, "POST / HTTP/1.1\r\n");
    const drops = setInterval(() => socket.write("X: y\r\n"), 50);
    onTestFinished(() => clearInterval(drops));
    expect(await lives).toBeLessThan(2_000);
  });
});

describe("a connection that may take its time is left alone:", () => {
  it("a body that comes slowly", async () => {
    const { path } = await open();
    const { socket } = await say(path, `${head}Content-Length: 10\r\n\r\n{`);
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    for (const part of ["  ", "  ", "  ", "  ", "}"]) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      socket.write(part);
    }
    await expect.poll(() => answer).toContain("200 OK");
  });

  it.each(["1.1", "2"] as const)("a stream over HTTP/%s that has nothing to say", async (version) => {
    const { path } = await open();
    const leave = new AbortController();
    const told: string[] = [];
    const reading = (async () => {
      for await (const { event } of clientOf(path, version).watchEvents({}, { signal: leave.signal }))
        told.push(event?.text ?? "");
    })().catch((error: unknown) => error);
    await expect.poll(() => told).toEqual(["first"]);
    const ended = await Promise.race([
      reading,
      new Promise((resolve) => setTimeout(resolve, 1_000, "goes on")),
    ]);
    expect(ended).toBe("goes on");
    leave.abort();
    await reading;
  });
});

describe("what no RPC stands for is a problem too", () => {
  it.each([
    ["an unknown path", "POST /nowhere", "application/json", 404, "not_yet_supported"],
    ["an unknown content type", "POST /mcp.v1.AgentService/NodeStatus", "text/plain", 415, "request_invalid"],
    ["another method", "PUT /mcp.v1.AgentService/NodeStatus", "application/json", 405, "request_invalid"],
  ])("%s", async (_, request, type, status, code) => {
    const { path } = await open();
    const { socket } = await say(
      path,
      `${request} HTTP/1.1\r\nHost: agent\r\nContent-Type: ${type}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    await expect.poll(() => answer).toContain("details");
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    const body = JSON.parse(answer.slice(answer.indexOf("{"), answer.lastIndexOf("}") + 1));
    const [detail] = errorFromJson(body, undefined, new ConnectError("none")).findDetails(
      ProblemDetailSchema,
    );
    expect(detail?.code).toBe(code);
  });
});

describe("shutting down", () => {
  const timed = async (work: Promise<void>): Promise<number> => {
    const beginMs = performance.now();
    await work;
    return performance.now() - beginMs;
  };

  it.each(["1.1", "2"] as const)(
    "does not wait for a connection over HTTP/%s that is idle",
    async (version) => {
      const { path, server } = await open({ ...unlimited, closeMs: 5_000 });
      await clientOf(path, version).nodeStatus({});
      expect(await timed(server.close())).toBeLessThan(2_000);
    },
  );

  it.each(["1.1", "2"] as const)(
    "cuts a stream over HTTP/%s that does not end, after a moment",
    async (version) => {
      const { path, server } = await open(unlimited);
      const stream = clientOf(path, version).watchEvents({})[Symbol.asyncIterator]();
      expect((await stream.next()).value?.event?.text).toBe("first");
      const cut = stream.next().catch((error: unknown) => error);
      const tookMs = await timed(server.close());
      expect(tookMs).toBeGreaterThan(400);
      expect(tookMs).toBeLessThan(3_000);
      expect(await cut).toBeInstanceOf(Error);
      await requireFreeSocket(path);
    },
  );
});
