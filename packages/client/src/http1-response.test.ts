import { describe, expect, it } from "vitest";
import { NotHttp, readResponse } from "./http1-response.ts";

async function* inPieces(text: string, length: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function read(text: string, length = text.length) {
  const { status, contentType, body } = await readResponse(inPieces(text, length));
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { status, contentType, text: Buffer.concat(chunks).toString() };
}

const lines = (...texts: readonly string[]): string => texts.join("\r\n");
// The message has a letter of two bytes, so that its length is not that of its text.
const json = "Content-Type:  application/json ";

describe("an answer", () => {
  it.each([
    ["with its length", lines("HTTP/1.1 200 OK", json, "content-length: 16", "", '{"name":"grün"}and more')],
    [
      "in chunks",
      lines(
        "HTTP/1.1 200 OK",
        json,
        "Transfer-Encoding: chunked",
        "",
        "A",
        '{"name":"g',
        "6;x=y",
        'rün"}',
        "0",
        "",
        "",
      ),
    ],
    [
      "in chunks, with trailers",
      lines(
        "HTTP/1.1 200 OK",
        json,
        "transfer-encoding: chunked",
        "",
        "10",
        '{"name":"grün"}',
        "0",
        "a: b",
        "",
        "",
      ),
    ],
    ["that ends with its connection", lines("HTTP/1.0 200", json, "", '{"name":"grün"}')],
    [
      "after one that only says that it is to come",
      lines(
        "HTTP/1.1 100 Continue",
        "",
        "HTTP/1.1 200 OK",
        json,
        "content-length: 16",
        "",
        '{"name":"grün"}',
      ),
    ],
    ["whose lines end as some end them", `HTTP/1.1 200 OK\n${json}\ncontent-length: 16\n\n{"name":"grün"}`],
  ])("%s is read, however it is cut into pieces", async (_, sent) => {
    for (let length = 1; length <= sent.length; length++)
      expect(await read(sent, length)).toEqual({
        status: 200,
        contentType: "application/json",
        text: '{"name":"grün"}',
      });
  });

  it("takes no more than its length", async () => {
    expect((await read(lines("HTTP/1.1 404 Not Found", "content-length: 3", "", "abcdef"))).text).toBe("abc");
    expect(await read(lines("HTTP/1.1 204 No Content", "content-length: 0", "", ""))).toEqual({
      status: 204,
      contentType: "",
      text: "",
    });
  });

  it.each([
    ["another language", "220 mail.example.net ESMTP\r\n\r\n"],
    ["another version", lines("HTTP/2 200", "", "")],
    ["a header without a name", lines("HTTP/1.1 200 OK", "nothing", "", "")],
    ["a folded header", lines("HTTP/1.1 200 OK", "a: b", " c", "", "")],
    [
      "headers without end",
      lines("HTTP/1.1 200 OK", ...Array.from({ length: 101 }, (_, at) => `h${at}: v`), "", ""),
    ],
    ["a line without end", `HTTP/1.1 200 OK\r\na: ${"b".repeat(20_000)}`],
    ["a length that is none", lines("HTTP/1.1 200 OK", "content-length: 0x10", "", "")],
    ["a coding that was not asked for", lines("HTTP/1.1 200 OK", "transfer-encoding: gzip, chunked", "", "")],
    ["a chunk that has no length", lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "-1", "", "")],
    [
      "a chunk that is longer",
      lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "1", "ab", "0", "", ""),
    ],
  ])("is none if it is %s", async (_, text) => {
    await expect(read(text, 1_000)).rejects.toThrow(NotHttp);
  });

  it.each([
    ["before it began", ""],
    ["in its first line", "HTTP/1.1 2"],
    ["among its headers", lines("HTTP/1.1 200 OK", "content-le")],
    ["before its length is there", lines("HTTP/1.1 200 OK", "content-length: 5", "", "abc")],
    ["in a chunk", lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "5", "abc")],
    ["before the last chunk", lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "3", "abc", "")],
  ])("is not taken for whole where the connection ends %s", async (_, text) => {
    await expect(read(text)).rejects.toThrow("the connection ended in the middle of an answer");
  });
});
