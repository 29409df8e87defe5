import { describe, expect, it } from "vitest";
import { isLoopbackHost } from "./loopback-host.ts";

describe("a Host header", () => {
  it.each([
    "127.0.0.1",
    "127.0.0.1:9465",
    "127.9.8.7:1",
    "[::1]",
    "[::1]:9465",
    "localhost",
    "LocalHost:9465",
  ])("is this machine's: %s", (header) => expect(isLoopbackHost(header, "127.0.0.1")).toBe(true));

  it.each([
    undefined,
    "",
    "evil.example",
    "evil.example:9465",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io:9465",
    "localhost.evil.example",
    "evil.example#127.0.0.1",
    "user@127.0.0.1",
    "127.0.0.1:9465:1",
    "[::2]:9465",
    "[::1].evil.example",
    "192.0.2.1:9465",
    "127.0.0.1, evil.example",
  ])("is another's: %s", (header) => expect(isLoopbackHost(header, "127.0.0.1")).toBe(false));
});
