import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { ProblemDetailSchema } from "@mcp/proto";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { Http1Wire } from "../src/http1-wire.ts";
import { type AgentClient, clientOver, connect, followOperation } from "../src/index.ts";
import { FakeAgent, type Rpcs } from "./fake-agent.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

async function agentWith(rpcs: Rpcs): Promise<{ agent: FakeAgent; client: AgentClient }> {
  const agent = await FakeAgent.start(rpcs);
  const client = connect({ address: agent.address });
  open.push(agent, { [Symbol.asyncDispose]: async () => client.close() });
  return { agent, client };
}

const collect = async <T>(stream: AsyncIterable<T>): Promise<T[]> => Array.fromAsync(stream);

describe("a client of an agent", () => {
  it("asks and is answered, in the JSON form of the messages", async () => {
    const { client } = await agentWith({
      listServices: () => ({ services: [{ name: "hello", desired: 1, revision: 3n }] }),
    });
    expect(await client.listServices({})).toEqual({
      services: [{ name: "hello", desired: "DESIRED_STATE_RUNNING", revision: "3" }],
    });
  });

  it("sends what it is given", async () => {
    let seen: unknown;
    const { client } = await agentWith({
      deploy: async function* (request) {
        seen = request;
        yield {};
      },
    });
    const toml = 'name = "hello"\n# ü \u{1f980}\n'.repeat(20_000);
    await collect(
      client.deploy({ requestId: "r", definition: { toml, file: "hello.toml" }, component: "web" }),
    );
    expect(seen).toMatchObject({
      requestId: "r",
      component: "web",
      definition: { toml, file: "hello.toml" },
    });
  });

  it("gets a stream message by message, as each is sent", async () => {
    const goOn = Promise.withResolvers<void>();
    const { client } = await agentWith({
      logs: async function* () {
        yield { lines: [{ text: "one" }] };
        await goOn.promise;
        yield { lines: [{ text: "x".repeat(100_000) }, { text: "ü" }] };
      },
    });
    const lines = client.logs({ service: "hello" })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toEqual({ lines: [{ text: "one" }] });
    goOn.resolve();
    expect((await lines.next()).value).toEqual({ lines: [{ text: "x".repeat(100_000) }, { text: "ü" }] });
    expect((await lines.next()).done).toBe(true);
  });

  it("carries many calls at once", async () => {
    const { client } = await agentWith({
      getService: ({ service }) => ({ service: { name: service } }),
    });
    const names = Array.from({ length: 50 }, (_, n) => `s${n}`);
    const answers = await Promise.all(names.map((service) => client.getService({ service })));
    expect(answers.map(({ service }) => service?.name)).toEqual(names);
  });

  it("throws the agent's problem, of a single answer and of a stream, before and after it began", async () => {
    const refusal = () =>
      new ConnectError("no", Code.NotFound, undefined, [
        {
          desc: ProblemDetailSchema,
          value: { code: "service_not_found", message: "there is no service hello", hint: "mcp list" },
        },
      ]);
    const { client } = await agentWith({
      getService: () => {
        throw refusal();
      },
      stop: () => {
        throw refusal();
      },
      start: async function* () {
        yield { update: { update: { case: "progress", value: { text: "x" } } } };
        throw refusal();
      },
    });
    const expected = {
      code: "service_not_found",
      message: "there is no service hello",
      hint: "mcp list",
    };
    await expect(client.getService({ service: "hello" })).rejects.toMatchObject(expected);
    await expect(collect(client.stop({ service: "hello" }))).rejects.toMatchObject(expected);
    const started = client.start({ service: "hello" })[Symbol.asyncIterator]();
    expect((await started.next()).value).toEqual({ update: { progress: { text: "x" } } });
    await expect(started.next()).rejects.toMatchObject(expected);
  });

  it("says what the agent has not got yet", async () => {
    const { client } = await agentWith({});
    await expect(client.prune({})).rejects.toMatchObject({
      code: "not_yet_supported",
      message: "this agent cannot do prune yet",
    });
    await expect(collect(client.sync({}))).rejects.toMatchObject({ code: "not_yet_supported" });
  });

  it("waits no longer than it was told", async () => {
    const { client } = await agentWith({ doctor: () => new Promise(() => {}) });
    await expect(client.doctor({}, { timeoutMs: 60 })).rejects.toMatchObject({
      code: "timed_out",
      message: "the agent has not answered doctor within 60ms",
      hint: "see its log: journalctl -u mcp-agent",
    });
  });

  it("stops when told to, and the agent sees it", async () => {
    const ended = Promise.withResolvers<void>();
    const { client } = await agentWith({
      logs: async function* (_, { signal }) {
        yield { lines: [{ text: "one" }] };
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        ended.resolve();
      },
    });
    const stop = new AbortController();
    const lines = client.logs({ service: "hello" }, { signal: stop.signal })[Symbol.asyncIterator]();
    await lines.next();
    const next = lines.next();
    stop.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
    await ended.promise;
    await expect(client.listServices({}, { signal: stop.signal })).rejects.toThrow("enough");
  });

  it("leaves the agent alone when a loop over a stream is left", async () => {
    const ended = Promise.withResolvers<void>();
    const { client } = await agentWith({
      logs: async function* (_, { signal }) {
        signal.addEventListener("abort", () => ended.resolve());
        for (;;) {
          yield { lines: [{ text: "more" }] };
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
    });
    for await (const _ of client.logs({ service: "hello" })) break;
    await ended.promise;
  });

  it("connects again after the agent was restarted", async () => {
    const rpcs: Rpcs = { listServices: () => ({}) };
    const { agent, client } = await agentWith(rpcs);
    await client.listServices({});
    await agent.die();
    await expect(client.listServices({})).rejects.toMatchObject({ code: "agent_unreachable" });
    await agent.revive(rpcs);
    expect(await client.listServices({})).toEqual({});
  });

  it("says that the connection broke when the agent is killed while it answers", async () => {
    const { agent, client } = await agentWith({
      doctor: () => new Promise(() => {}),
      logs: async function* () {
        yield { lines: [{ text: "one" }] };
        await new Promise(() => {});
      },
    });
    const broken = {
      code: "agent_unreachable",
      message: `the connection to the agent at ${agent.socketPath} broke`,
      hint: "see whether it is running: mcp node status",
    };
    const answer = client.doctor({});
    const lines = client.logs({ service: "hello" })[Symbol.asyncIterator]();
    await lines.next();
    const next = lines.next();
    answer.catch(() => {});
    next.catch(() => {});
    await agent.die();
    await expect(answer).rejects.toMatchObject(broken);
    await expect(next).rejects.toMatchObject(broken);
  });

  it("follows an operation across the agent's death", async () => {
    const { agent, client } = await agentWith({
      deploy: async function* () {
        yield { update: { update: { case: "operation", value: { id: "op1", state: 2 } } } };
        await new Promise(() => {});
      },
    });
    const seen: unknown[] = [];
    for await (const what of followOperation(client.deploy({ requestId: "req1" }), {
      client,
      requestId: "req1",
    })) {
      seen.push(what.type === "update" ? what.update.operation?.state : what.type);
      if (what.type === "lost") {
        await agent.revive({
          watchOperation: async function* ({ id }) {
            yield { update: { update: { case: "operation", value: { requestId: id, state: 4 } } } };
          },
        });
      } else if (seen.length === 1) await agent.die();
    }
    expect(seen).toEqual(["STATE_RUNNING", "lost", "STATE_SUCCEEDED"]);
  });
});

describe("an address without an agent", () => {
  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), "mcp-no-agent-"));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    return path;
  }
  const ask = async (path: string) => {
    const client = connect({ address: `unix:${path}` });
    onTestFinished(() => client.close());
    return client.listServices({}, { timeoutMs: 2_000 });
  };
  const hint = "start it: mcp-agent server --config /srv/mcp/mcp-agent.toml, or: systemctl start mcp-agent";

  it("has no socket", async () => {
    const path = join(await folder(), "agent.sock");
    await expect(ask(path)).rejects.toMatchObject({
      code: "agent_unreachable",
      message: `no agent is running here: there is no ${path}`,
      hint,
    });
  });

  it("has a socket that a killed agent left, or a file that is none", async () => {
    const path = join(await folder(), "agent.sock");
    await writeFile(path, "");
    await expect(ask(path)).rejects.toMatchObject({
      code: "agent_unreachable",
      message: `no agent answers at ${path}`,
      hint,
    });
  });

  it("has something else there, which speaks another language", async () => {
    const path = join(await folder(), "other.sock");
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("220 mail.example.net ESMTP\r\n");
    });
    await new Promise<void>((listening) => server.listen(path, listening));
    onTestFinished(() => void server.close());
    await expect(ask(path)).rejects.toMatchObject({
      code: "agent_unreachable",
      message: `what answers at ${path} is not an mcp agent`,
    });
  });

  it("has one that accepts and never says a word", async () => {
    const path = join(await folder(), "mute.sock");
    const server = createServer((socket) => void socket.on("error", () => {}));
    await new Promise<void>((listening) => server.listen(path, listening));
    onTestFinished(() => void server.close());
    const client = connect({ address: `unix:${path}` });
    onTestFinished(() => client.close());
    await expect(client.status({}, { timeoutMs: 100 })).rejects.toMatchObject({ code: "timed_out" });
  });

  it("has an agent that hangs, which is noticed in a stream that has no time limit", async () => {
    const path = join(await folder(), "mute.sock");
    const server = createServer((socket) => void socket.on("error", () => {}));
    await new Promise<void>((listening) => server.listen(path, listening));
    onTestFinished(() => void server.close());
    const client = clientOver(new Http1Wire(path, { checkIntervalMs: 30 }));
    onTestFinished(() => client.close());
    await expect(collect(client.watchEvents({}))).rejects.toMatchObject({
      code: "agent_unreachable",
      message: `the connection to the agent at ${path} broke`,
    });
  });

  it("is that of another machine, which needs TLS", () => {
    expect(() => connect({ address: "rift:9444" })).toThrow(
      expect.objectContaining({
        code: "not_yet_supported",
        message: "rift:9444 cannot be reached yet: that needs TLS, which is not built",
      }),
    );
  });
});
