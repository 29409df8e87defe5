import { isProblem } from "@mcp/base";
import { expect, it } from "vitest";
import { parseConfig } from "./config.ts";

const listenOf = (listen: string) =>
  parseConfig(`[agent]\nnode = "rift"\n[metrics]\nlisten = "${listen}"\n`, "mcp-agent.toml", {})[
    "metrics.listen"
  ];

it("metrics are served by TCP only where that was asked for", () => {
  expect(listenOf("")).toBeUndefined();
  expect(listenOf("127.0.0.1:9465")).toEqual({ host: "127.0.0.1", port: 9465 });
  expect(listenOf("127.8.9.10:1")).toEqual({ host: "127.8.9.10", port: 1 });
  expect(listenOf("[::1]:65535")).toEqual({ host: "::1", port: 65_535 });
});

it.each([
  "0.0.0.0:9465",
  "192.0.2.10:9465",
  "[::]:9465",
  ":9465",
  "localhost:9465",
  "127.0.0.1.example.net:9465",
  "127.0.0.256:9465",
  "127.0.0.1",
  "127.0.0.1:0",
  "127.0.0.1:65536",
  "[::ffff:127.0.0.1]:9465",
])("what others could reach, or that is no address, is refused, and why is said: %s", (listen) => {
  try {
    listenOf(listen);
    expect.fail("it was not refused");
  } catch (thrown) {
    if (!isProblem(thrown)) throw thrown;
    expect(thrown.code).toBe("config_invalid");
    expect(thrown.mistakes).toEqual([
      {
        key: "metrics.listen",
        line: 4,
        message: expect.stringMatching(
          /^must be a loopback address with a port, .*metrics ask for no password/,
        ),
      },
    ]);
  }
});
