import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createLogger, type LogLevel } from "./log.ts";

const module = JSON.stringify(new URL("./log.ts", import.meta.url).pathname);

function capture(level: LogLevel) {
  const lines: string[] = [];
  const log = createLogger({ level, destination: { write: (line) => lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "null") };
}

describe("the logger", () => {
  it("writes one JSON object a line, with the level as a word and the time as people read it", () => {
    const { log, lines, last } = capture("info");
    log.info("deployed", { service: "hello" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\}\n$/);
    expect(last()).toMatchObject({ level: "info", msg: "deployed", service: "hello" });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it("leaves out what is below its level", () => {
    const { log, lines } = capture("warn");
    log.debug("no");
    log.info("no");
    log.warn("yes");
    log.error("yes");
    expect(lines).toHaveLength(2);
  });

  it("adds a child's fields to each of its lines, and hides secrets among them", () => {
    const { log, last } = capture("debug");
    log.child({ service: "hello" }).child({ token: "hunter2" }).debug("asked", { password: "hunter2" });
    expect(last()).toMatchObject({ service: "hello", token: "[redacted]", password: "[redacted]" });
  });

  it("hides credentials in the message too", () => {
    const { log, last } = capture("info");
    log.info("refused: Bearer abcdef123456");
    expect(last().msg).toBe("refused: Bearer [redacted]");
  });

  it("goes on where standard error takes nothing", () => {
    const script = `
      const { createLogger } = await import(${module});
      const log = createLogger({ level: "info" });
      for (let n = 0; n < 1_000; n++) log.info("x".repeat(1_000));
      await new Promise((resolve) => setTimeout(resolve, 10));
      console.log("alive");`;
    const full = openSync("/dev/full", "w");
    try {
      const { stdout, status } = spawnSync(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script],
        { stdio: ["ignore", "pipe", full], encoding: "utf8", timeout: 10_000 },
      );
      expect([stdout, status]).toEqual(["alive\n", 0]);
    } finally {
      closeSync(full);
    }
  });
});
