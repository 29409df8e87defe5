import { Problem } from "@mcp/base";
import type { Run, RunOptions } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { makeRootDisk } from "./root-disk.ts";

const { signal } = new AbortController();
const failing =
  (code: "tool_failed" | "tool_missing", message: string): Run =>
  () =>
    Promise.reject(new Problem(code, message, ""));

describe("making a root disk", () => {
  it.each([
    ["tool_failed", "Write failed because No space left on device", "disk_full"],
    ["tool_missing", "sqfstar is not installed", "tool_missing"],
    ["tool_failed", "the tarfile appears to be truncated", "tool_failed"],
  ] as const)("says of %s (%s) that it is %s", async (code, message, expected) => {
    await expect(makeRootDisk("/t", 5, "/d", failing(code, message), signal)).rejects.toMatchObject({
      code: expected,
    });
  });

  it("lets no time be later than the newest of the archive", async () => {
    let asked: RunOptions = {};
    const run: Run = async (_argv, options = {}) => {
      asked = options;
      return { exitCode: 0, stdout: "", stderr: "" };
    };
    await makeRootDisk("/t", 5, "/d", run, signal);
    expect(asked).toMatchObject({ stdinPath: "/t", env: { SOURCE_DATE_EPOCH: "5" } });
  });
});
