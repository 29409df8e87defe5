import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import { createLogger, run, silentLogger } from "@mcp/host";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseExposition } from "../../../packages/agent/test/parse-exposition.ts";
import { type Expose, serveMetrics, withMetrics } from "../src/serve-metrics.ts";
import { spawnAgent } from "./agent-process.ts";

const contentType = "text/plain; version=0.0.4; charset=utf-8";
const expose: Expose = async () => ({ contentType, text: "# HELP ü is\n" });

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, "close");
  return port;
}

async function until<T>(what: string, work: () => Promise<T>): Promise<T> {
  const giveUp = Date.now() + 15_000;
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      if (Date.now() > giveUp) throw new Error(`waited in vain until ${what}`, { cause });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe("metrics by TCP", () => {
  it("are served until the agent ends, and nothing else is", async () => {
    const port = await freePort();
    const ending = new AbortController();
    const over = serveMetrics({ host: "127.0.0.1", port }, expose, {
      log: silentLogger,
      clock: new FakeClock(),
      signal: ending.signal,
    });
    const at = `http://127.0.0.1:${port}`;
    const answer = await until("it listens", () => fetch(`${at}/metrics?x=1`));
    expect(answer.headers.get("content-type")).toBe(contentType);
    expect(await answer.text()).toBe("# HELP ü is\n");
    const head = await fetch(`${at}/metrics`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "13", ""]);
    const posted = await fetch(`${at}/metrics`, { method: "POST", body: "x" });
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    for (const path of ["/", "/metrics/", "/mcp.v1.AgentService/Deploy"])
      expect((await fetch(`${at}${path}`, { method: "POST" })).status).toBe(404);
    ending.abort();
    await over;
    await expect(fetch(`${at}/metrics`)).rejects.toThrow();
  });

  it("are not told to a page whose own name was made to stand for this address", async () => {
    const port = await freePort();
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    const [log, clock, signal] = [silentLogger, new FakeClock(), ending.signal];
    void serveMetrics({ host: "127.0.0.1", port }, expose, { log, clock, signal });
    await until("it listens", () => fetch(`http://127.0.0.1:${port}/metrics`));
    const ask = (...headers: readonly string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        const asking = connect(port, "127.0.0.1");
        let text = "";
        asking.on("data", (chunk) => {
          text += chunk;
        });
        asking.on("error", reject).on("end", () => resolve(text));
        asking.write(["GET /metrics HTTP/1.1", ...headers, "Connection: close", "", ""].join("\r\n"));
      });
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`])
      expect(await ask(`Host: ${host}`)).toMatch(/^HTTP\/1.1 200 [\s\S]*# HELP/);
    const refused = await ask(`Host: evil.example:${port}`);
    expect(refused).toMatch(/^HTTP\/1.1 403 /);
    expect(refused).not.toContain("# HELP");
  });

  it("are tried again where the port is taken, which is told once", async () => {
    const holder = createServer();
    const port = await listening(holder);
    const clock = new FakeClock();
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    const lines: string[] = [];
    const log = createLogger({
      level: "info",
      destination: { write: (line: string) => void lines.push(line) },
    });
    void serveMetrics({ host: "127.0.0.1", port }, expose, { log, clock, signal: ending.signal });
    await until("it is told", async () => expect(lines.length).toBe(1));
    expect(JSON.parse(lines[0] ?? "").problem).toMatchObject({
      code: "port_taken",
      message: `metrics cannot be served on 127.0.0.1 port ${port}: EADDRINUSE`,
    });
    await clock.advance(30_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    holder.close();
    await clock.advance(30_000);
    await until("it listens", () => fetch(`http://127.0.0.1:${port}/metrics`));
    expect(lines.length).toBe(1);
  });

  it("are served again when the listener fails later on, however often it says so", async () => {
    const port = await freePort();
    const clock = new FakeClock();
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    const servers: Server[] = [];
    const note = (message: unknown): void => void servers.push((message as { server: Server }).server);
    subscribe("tracing:net.server.listen:asyncEnd", note);
    onTestFinished(() => void unsubscribe("tracing:net.server.listen:asyncEnd", note));
    const address = { host: "127.0.0.1", port };
    void serveMetrics(address, expose, { log: silentLogger, clock, signal: ending.signal });
    await until("it listens", () => fetch(`http://127.0.0.1:${port}/metrics`));
    // As node does when a connection cannot be accepted; what nobody hears ends the process.
    for (const server of servers) for (const code of ["EMFILE", "EMFILE"]) server.emit("error", { code });
    await until("it waits", () => expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow());
    await clock.advance(30_000);
    await until("it listens again", () => fetch(`http://127.0.0.1:${port}/metrics`));
    expect(servers).toHaveLength(2);
  });

  it("that cannot be gathered are an error to who asks, and in the log", async () => {
    const lines: string[] = [];
    const log = createLogger({
      level: "info",
      destination: { write: (line: string) => void lines.push(line) },
    });
    const failing: Expose = () => Promise.reject(new Error("no"));
    const server = createHttpServer(withMetrics(failing, log, () => {}));
    onTestFinished(() => void server.close());
    const port = await listening(server);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(500);
    expect(lines.join()).toContain("metrics could not be gathered");
  });
});

const get = (socketPath: string): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ socketPath, path: "/metrics", agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });

async function getOverHttp2(socketPath: string): Promise<string> {
  const session = connectHttp2("http://agent", { createConnection: () => connect(socketPath) });
  const stream = session.request({ ":path": "/metrics" }).setEncoding("utf8");
  let text = "";
  for await (const chunk of stream) text += chunk;
  session.close();
  return text;
}

const promtool = await run(["promtool", "--version"], { anyExitCode: true }).then(
  () => true,
  () => false,
);

describe("an agent's metrics", () => {
  it("are read from its socket, by HTTP/1.1 and HTTP/2, and from its TCP address", async () => {
    const { socket, port } = await serve();
    const texts = [
      await get(socket),
      await getOverHttp2(socket),
      await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    ];
    for (const text of texts) {
      const families = parseExposition(text);
      expect([...families.keys()]).toContain("mcp_components");
      for (const name of ["process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"])
        expect(families.get(name)?.samples.get(name)).toBeGreaterThan(0);
    }
  });

  it.skipIf(!promtool)("have nothing that promtool finds fault with (needs promtool)", async () => {
    const { socket } = await serve();
    const { exitCode, stdout, stderr } = await run(["promtool", "check", "metrics"], {
      stdin: await get(socket),
      anyExitCode: true,
    });
    expect([exitCode, stdout, stderr]).toEqual([0, "", ""]);
  });
});

async function serve(): Promise<{ readonly socket: string; readonly port: number }> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-metrics-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [socket, port] = [join(folder, "agent.sock"), await freePort()];
  await writeFile(
    join(folder, "agent.toml"),
    `[agent]\nnode = "test"\n[server]\nsocket = "${socket}"\n[database]\npath = "${folder}/mcp.db"\n` +
      `[podman]\nsocket = "${folder}/no-podman.sock"\n[metrics]\nlisten = "127.0.0.1:${port}"\n` +
      `[vm]\nstate_dir = "${folder}/vm"\nimage_dir = "${folder}/images"\n`,
  );
  const child = spawnAgent(["server", "--config", join(folder, "agent.toml")], ["ignore", "ignore", "pipe"]);
  onTestFinished(async () => {
    const gone = once(child, "exit");
    if (child.kill("SIGTERM")) await gone;
  });
  child.stderr?.resume();
  await until("it serves", () => fetch(`http://127.0.0.1:${port}/metrics`));
  return { socket, port };
}
