import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttp2, type Http2Server } from "node:http2";
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from "node:net";
import { Code, ConnectError, type createConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Problem } from "@mcp/base";
import { realClock } from "@mcp/host";
import { Health, HealthCheckResponse_ServingStatus as Serving } from "@mcp/proto";
import { afterEach, describe, expect, it } from "vitest";
import { askExec } from "./exec.ts";
import { askGrpc } from "./grpc.ts";
import { askHttp } from "./http.ts";
import { askTcp } from "./tcp.ts";

/** Each way asks real servers on the loopback, well-behaved ones and others. */

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(server: Server | Http2Server): Promise<{ address: string; port: number }> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

/** A port that was free a moment ago. */
async function closed() {
  const at = await listen(createTcp());
  for (const close of closing.splice(0)) close();
  return at;
}

const talking = (hear: (socket: Socket) => void) => listen(createTcp(hear));
const never = new AbortController().signal;
/** What a hanging server is given. */
const soon = () => AbortSignal.timeout(150);

describe("http", () => {
  const serving = (listener: RequestListener) => listen(createHttp(listener));
  const status = (code: number, headers = {}) =>
    serving((_, answer) => answer.writeHead(code, headers).end());
  const ask = async (at: { address: string; port: number }, signal = never) =>
    askHttp(at, "/healthz", signal);

  it.each([200, 204, 301, 302, 399])("passes with %i", async (code) => {
    expect(await ask(await status(code))).toEqual({ passed: true, text: `GET /healthz answered ${code}` });
  });

  it.each([400, 404, 500, 503])("does not pass with %i", async (code) => {
    expect(await ask(await status(code))).toEqual({ passed: false, text: `GET /healthz answered ${code}` });
  });

  it("does not go where a redirect leads", async () => {
    let visits = 0;
    const elsewhere = await serving((_, answer) => {
      visits++;
      answer.writeHead(500).end();
    });
    const at = await status(302, { location: `http://127.0.0.1:${elsewhere.port}/` });
    expect((await ask(at)).passed).toBe(true);
    expect(visits).toBe(0);
  });

  it("asks for the path, with its query, which it does not show", async () => {
    let asked = "";
    const at = await serving((request, answer) => {
      asked = `${request.method} ${request.url} ${request.headers.host} ${request.headers.connection}`;
      answer.end();
    });
    const { text } = await askHttp(at, "/ready?token=1234", never);
    expect(asked).toBe(`GET /ready?token=1234 127.0.0.1:${at.port} close`);
    expect(text).toBe("GET /ready answered 200");
  });

  it("does not read what it is sent, however much, and leaves", async () => {
    let isClosed = false;
    const at = await serving((request, answer) => {
      request.socket.on("close", () => {
        isClosed = true;
      });
      answer.writeHead(200);
      const chunk = Buffer.alloc(65_536);
      const pour = (): void => {
        while (!isClosed && answer.write(chunk));
      };
      answer.on("drain", pour);
      pour();
    });
    expect((await ask(at)).passed).toBe(true);
    await expect.poll(() => isClosed).toBe(true);
  });

  it("does not take a head of any size", async () => {
    const at = await talking((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nx: ${"a".repeat(100_000)}\r\n\r\n`);
    });
    expect(await ask(at)).toEqual({ passed: false, text: "GET /healthz: its answer has too large a head" });
  });

  it.each([
    [
      "another protocol",
      (socket: Socket) => void socket.write("220 mail.example ESMTP\r\n"),
      "it does not speak HTTP",
    ],
    [
      "a reset",
      (socket: Socket) => void socket.resetAndDestroy(),
      "the connection was closed before an answer came",
    ],
    [
      "an end without a word",
      (socket: Socket) => void socket.end(),
      "the connection was closed before an answer came",
    ],
  ])("does not pass with %s", async (_, hear, text) => {
    expect(await ask(await talking(hear))).toEqual({ passed: false, text: `GET /healthz: ${text}` });
  });

  it("does not pass with a switch to another protocol", async () => {
    const at = await talking((socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    });
    expect((await ask(at)).passed).toBe(false);
  });

  it("does not pass where nobody listens", async () => {
    expect(await ask(await closed())).toEqual({
      passed: false,
      text: "GET /healthz: the connection was refused",
    });
  });

  const drip = (socket: Socket): void => {
    let at = 0;
    const dripping = setInterval(() => socket.write("HTTP/1.1 200 OK\r\n\r\n"[at++] ?? ""), 50);
    socket.on("close", () => clearInterval(dripping));
  };

  it.each([
    ["says nothing", () => {}],
    ["sends its head one byte at a time", drip],
  ])("gives up when its time is over, on one that %s", async (_, hear) => {
    await expect(ask(await talking(hear), soon())).rejects.toThrow(/timeout/i);
  });
});

describe("tcp", () => {
  const ask = async (at: { address: string; port: number }, signal = never) =>
    askTcp(at, 5432, realClock, signal);

  it("passes when the connection stays open, also of one that says nothing", async () => {
    expect(await ask(await talking(() => {}))).toEqual({
      passed: true,
      text: "port 5432 accepts connections",
    });
  });

  it("passes at once when something comes, even if the connection is closed then", async () => {
    const beganMs = performance.now();
    expect((await ask(await talking((socket) => void socket.end("220 ready\r\n")))).passed).toBe(true);
    expect(performance.now() - beganMs).toBeLessThan(200);
  });

  it("does not pass when the connection is accepted and closed, as by a forwarder with nobody behind it", async () => {
    const late = (socket: Socket) => void setTimeout(() => socket.end(), 50);
    for (const hear of [(socket: Socket) => void socket.end(), late])
      expect(await ask(await talking(hear))).toEqual({
        passed: false,
        text: "port 5432 accepted a connection and closed it at once",
      });
    expect((await ask(await talking((socket) => void socket.resetAndDestroy()))).passed).toBe(false);
  });

  it("does not pass where nobody listens", async () => {
    expect(await ask(await closed())).toEqual({
      passed: false,
      text: "port 5432 does not answer: the connection was refused",
    });
  });

  it("leaves no connection behind", async () => {
    let open = 0;
    const at = await talking((socket) => {
      open++;
      socket.on("close", () => open--);
      socket.resume();
    });
    await ask(at);
    await expect.poll(() => open).toBe(0);
  });

  it("gives up when it is told to", async () => {
    await expect(ask(await talking(() => {}), AbortSignal.timeout(50))).rejects.toThrow(/timeout/i);
  });
});

describe("grpc", () => {
  const serving = (answer: (service: string) => Serving) =>
    listen(
      createHttp2(
        connectNodeAdapter({
          routes: (router: ReturnType<typeof createConnectRouter>) =>
            router.service(Health, { check: ({ service }) => ({ status: answer(service) }) }),
        }),
      ),
    );
  const ask = async (at: { address: string; port: number }, service = "", signal = never) =>
    askGrpc(at, service, signal);

  it("passes when the service is serving", async () => {
    const at = await serving((service) =>
      service === "hello.v1.Hello" ? Serving.SERVING : Serving.NOT_SERVING,
    );
    expect(await ask(at, "hello.v1.Hello")).toEqual({ passed: true, text: "hello.v1.Hello is SERVING" });
    expect(await ask(at)).toEqual({ passed: false, text: "the gRPC server is NOT_SERVING" });
  });

  it("does not pass with a service that is not known, nor without a health service", async () => {
    const unknown = await serving(() => {
      throw new ConnectError("no such service", Code.NotFound);
    });
    expect((await ask(unknown, "x.Y")).text).toBe("x.Y: its health service does not know it");
    const none = await listen(createHttp2(connectNodeAdapter({ routes: () => {} })));
    expect(await ask(none)).toEqual({
      passed: false,
      text: "the gRPC server: it has no gRPC health service",
    });
  });

  it.each([
    ["one that speaks HTTP/1", () => listen(createHttp((_, answer) => answer.end("hello")))],
    [
      "one that speaks something else",
      () => talking((socket) => void socket.write("220 mail.example ESMTP\r\n")),
    ],
    ["one that hangs up", () => talking((socket) => void socket.resetAndDestroy())],
    ["nobody", closed],
  ])("does not pass with %s", async (_, open) => {
    expect((await ask(await open(), "", AbortSignal.timeout(2_000))).passed).toBe(false);
  });

  it("gives up when its time is over, and leaves no connection behind", async () => {
    let open = 0;
    const at = await talking((socket) => {
      open++;
      socket.on("close", () => open--);
      socket.resume();
    });
    await expect(ask(at, "", soon())).rejects.toThrow(/timeout/i);
    await expect.poll(() => open).toBe(0);
  });
});

describe("exec", () => {
  const ask = (exec: () => Promise<{ exitCode: number; output: string }>) =>
    askExec({ exec }, "web.1", ["pg_isready", "-q"], 100, never);

  it("passes with exit code 0", async () => {
    expect(await ask(async () => ({ exitCode: 0, output: "all is well\n" }))).toEqual({
      passed: true,
      text: "pg_isready exited with code 0",
    });
  });

  it("does not pass with another, and says the last line, without what a terminal would obey", async () => {
    const output = "first\nno \u001b[31mconnection to http://me:secret@db\n";
    expect(await ask(async () => ({ exitCode: 2, output }))).toEqual({
      passed: false,
      text: "pg_isready exited with code 2: no [31mconnection to http://me:[redacted]@db",
    });
  });

  it("does not pass where it could not be run or did not end, and says why", async () => {
    const problem = new Problem(
      "timed_out",
      "pg_isready did not end in web.1 within 100ms",
      "give it more time",
    );
    expect(await ask(() => Promise.reject(problem))).toEqual({
      passed: false,
      text: "pg_isready: pg_isready did not end in web.1 within 100ms",
    });
  });
});
