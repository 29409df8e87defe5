import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttp1Server, request } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eitherHttp } from "./either-http.ts";

describe("a listener for either HTTP", () => {
  let folder: string;
  let path: string;
  let close: () => void;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-either-"));
    path = join(folder, "agent.sock");
    const answer = async (
      incoming: AsyncIterable<Buffer> & { httpVersion: string },
      outgoing: { end(text: string): void },
    ) => {
      let length = 0;
      for await (const chunk of incoming) length += chunk.length;
      outgoing.end(`${incoming.httpVersion} ${length}`);
    };
    const http1 = createHttp1Server(answer);
    const http2 = createHttp2Server(answer);
    const server = eitherHttp(http1, http2);
    await new Promise<void>((listening) => server.listen(path, listening));
    close = () => server.close();
  });
  afterEach(async () => {
    close();
    await rm(folder, { recursive: true, force: true });
  });

  const overHttp1 = (body: string): Promise<string> =>
    new Promise((resolve, reject) => {
      request({ socketPath: path, method: "POST", agent: false }, async (response) => {
        resolve((await Array.fromAsync(response)).join(""));
      })
        .on("error", reject)
        .end(body);
    });

  const overHttp2 = async (bodies: readonly string[]): Promise<string[]> => {
    const session = connectHttp2("http://agent", { createConnection: () => connect(path) });
    const answers = await Promise.all(
      bodies.map(async (body) => {
        const stream = session.request({ ":method": "POST", ":path": "/" });
        stream.end(body);
        return (await Array.fromAsync(stream)).join("");
      }),
    );
    await new Promise<void>((closed) => session.close(closed));
    return answers;
  };

  it("answers in the one that was spoken, also large bodies and many streams", async () => {
    const large = "x".repeat(1_000_000);
    expect(await overHttp1("hello")).toBe("1.1 5");
    expect(await overHttp1(large)).toBe("1.1 1000000");
    expect(await overHttp2(["hello", large, "", ...Array(50).fill("ab")])).toEqual([
      "2.0 5",
      "2.0 1000000",
      "2.0 0",
      ...Array(50).fill("2.0 2"),
    ]);
  });

  it("waits for enough bytes to tell them apart", async () => {
    const socket = connect(path);
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
    for (const part of [
      "P",
      "U",
      "T / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n",
      "ab",
    ]) {
      socket.write(part);
      await pause();
    }
    expect((await Array.fromAsync(socket)).join("")).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*1\.1 2/);
  });

  it("survives clients that come and go, or speak nothing of either", async () => {
    const gone = connect(path);
    gone.on("connect", () => gone.destroy());
    const odd = connect(path);
    odd.write("\u0000\u0001\u0002 what is this\r\n\r\n");
    expect((await Array.fromAsync(odd)).join("")).toContain("400 Bad Request");
    const half = connect(path);
    half.end("PRI * HTTP/2.0\r\n\r\nno\r\n\r\n");
    half.on("error", () => {});
    expect(await overHttp1("x")).toBe("1.1 1");
  });
});
