import { chmod, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import { realClock } from "@mcp/host";
import { describe, expect, it, onTestFinished } from "vitest";
import { webhookChannel } from "../../src/index.ts";
import { certificate } from "./certificate.ts";
import { alertOf, forEver, newFolder, problemOf } from "./example.ts";

interface Heard {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** A server that answers so; and what it heard. */
async function serve(answer: Answer, tls?: { readonly key: string; readonly cert: string }) {
  const heard: Heard[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    heard.push({ method, url, headers, body });
    answer(response, request);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { heard, origin: `${tls ? "https" : "http"}://127.0.0.1:${port}`, server };
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end("secret-of-the-server");

const send = (url: string, more: { tokenFile?: string; caFile?: string } = {}) =>
  webhookChannel({ url, clock: realClock, ...more }).send(alertOf(), forEver);

async function file(text: string, mode = 0o600): Promise<string> {
  const path = join(await newFolder(), "file");
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

describe("the webhook", () => {
  it("gets the alert as JSON", async () => {
    const { heard, origin } = await serve(status(204));
    await send(`${origin}/hooks/T0/B0?x=1`);
    expect(heard).toMatchObject([
      {
        method: "POST",
        url: "/hooks/T0/B0?x=1",
        headers: { "content-type": "application/json", "user-agent": "mcp-agent", connection: "close" },
      },
    ]);
    expect(heard[0]?.headers.authorization).toBeUndefined();
    expect(JSON.parse(heard[0]?.body ?? "")).toMatchObject({ v: 1, node: "rift", code: "crash_looping" });
  });

  it("gets the token from its file, as it is at each alert", async () => {
    const { heard, origin } = await serve(status(200));
    const tokenFile = await file("first\n");
    await send(origin, { tokenFile });
    await writeFile(tokenFile, "second\n");
    await send(origin, { tokenFile });
    expect(heard.map(({ headers }) => headers.authorization)).toEqual(["Bearer first", "Bearer second"]);
  });

  it("is not asked with a token that others can read, nor with one that is not there", async () => {
    const { heard, origin } = await serve(status(200));
    const open = await file("secret", 0o644);
    expect(await problemOf(send(origin, { tokenFile: open }))).toMatchObject({
      code: "alert_failed",
      hint: `type: chmod 600 ${open}`,
    });
    expect((await problemOf(send(origin, { tokenFile: "/nonexistent/token" }))).code).toBe("alert_failed");
    expect((await problemOf(send(origin, { tokenFile: await file("two\nlines") }))).code).toBe(
      "alert_failed",
    );
    expect(heard).toEqual([]);
  });

  it("that fails is named by its host alone, since the rest of its address may be a secret", async () => {
    const { origin } = await serve(status(500));
    const tokenFile = await file("s3cret");
    const problem = await problemOf(send(`${origin}/hooks/hidden?token=hidden`, { tokenFile }));
    expect(problem).toMatchObject({
      code: "alert_failed",
      message: `${origin} answered 500`,
      hint: `see whether it answers: curl -i ${origin}`,
    });
    expect(JSON.stringify(problem) + String(problem.stack)).not.toMatch(/hidden|s3cret|secret-of/);
  });

  it("is not followed elsewhere", async () => {
    const other = await serve(status(200));
    const { origin } = await serve(status(307, { location: other.origin }));
    expect((await problemOf(send(origin))).message).toBe(
      `${origin} answered with a redirect (307), which is not followed`,
    );
    expect(other.heard).toEqual([]);
  });

  it("that hangs up, or is not there, cannot be reached", async () => {
    const { origin, server } = await serve((response) => void response.socket?.destroy());
    expect((await problemOf(send(origin))).message).toBe(`${origin} could not be reached: ECONNRESET`);
    server.close();
    await expect
      .poll(async () => (await problemOf(send(origin))).message)
      .toBe(`${origin} could not be reached: ECONNREFUSED`);
  });

  it("that never answers is given up after 15 s", async () => {
    const { heard, origin } = await serve(() => {});
    const clock = new FakeClock();
    const sent = problemOf(webhookChannel({ url: origin, clock }).send(alertOf(), forEver));
    await expect.poll(() => heard.length).toBe(1);
    await clock.advance(15_000);
    expect((await sent).message).toBe(`${origin} did not answer within 15 s`);
  });

  it("that answers without end is not read to its end", async () => {
    const { origin } = await serve((response) => {
      const more = (): void => {
        if (!response.destroyed) response.write("x".repeat(65_536), () => setImmediate(more));
      };
      more();
    });
    await send(origin);
  });

  it("ends with the agent", async () => {
    const { heard, origin } = await serve(() => {});
    const agent = new AbortController();
    const sent = webhookChannel({ url: origin, clock: realClock }).send(alertOf(), agent.signal);
    await expect.poll(() => heard.length).toBe(1);
    agent.abort("it ends");
    await expect(sent).rejects.toBe("it ends");
  });

  it("shows a certificate that is trusted, or hears nothing", async () => {
    const tls = await certificate();
    const { heard, origin } = await serve(status(200), tls);
    expect(await problemOf(send(origin))).toMatchObject({
      message: `${origin} could not be reached: DEPTH_ZERO_SELF_SIGNED_CERT`,
      hint: expect.stringContaining("monitor.alert_ca_file"),
    });
    expect(heard).toEqual([]);
    await send(origin, { caFile: await file(tls.cert, 0o644) });
    expect(heard).toHaveLength(1);
  });
});
