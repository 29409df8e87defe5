import { describe, expect, it } from "vitest";
import { parseMessage } from "./messages.ts";

describe("a message of QEMU's", () => {
  it("is a greeting, with its version", () => {
    const line =
      '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}';
    expect(parseMessage(line)).toEqual({ is: "greeting", version: "7.2.22" });
  });

  it("is an answer, by the id of its question", () => {
    expect(parseMessage('{"return": {"running": true}, "id": "mcp-1"}')).toEqual({
      is: "answer",
      id: "mcp-1",
      value: { running: true },
    });
  });

  it("is a refusal, in one line of bounded length that a terminal may be shown", () => {
    const desc = `no\\n\\u001b[2J${"x".repeat(1_000)}`;
    const message = parseMessage(`{"error": {"class": "GenericError", "desc": "${desc}"}, "id": "mcp-2"}`);
    expect(message).toMatchObject({ is: "refusal", id: "mcp-2", kind: "GenericError" });
    expect(message?.is === "refusal" && message.text).toMatch(/^no \[2Jx{1,500}$/);
  });

  it("is an event, with its time in milliseconds", () => {
    const line =
      '{"timestamp": {"seconds": 1795292689, "microseconds": 74123}, "event": "SHUTDOWN", "data": {"guest": true}}';
    expect(parseMessage(line)).toEqual({
      is: "event",
      event: { event: "SHUTDOWN", data: { guest: true }, atMs: 1_795_292_689_074 },
    });
  });

  it.each(["", "SSH-2.0-OpenSSH_9.2", "[]", "null", "1", "{}", '{"return": 1}', '{"event": 5}'])(
    "is not %j",
    (line) => {
      expect(parseMessage(line)).toBeUndefined();
    },
  );
});
