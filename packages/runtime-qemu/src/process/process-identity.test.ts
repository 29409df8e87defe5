import { spawn } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootId } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { identityOf, isAlive, parseIdentity, signalTo } from "./process-identity.ts";

describe("a process, by its pid and start time", () => {
  it("is the same as long as it runs", async () => {
    const own = await identityOf(process.pid);
    expect(own).toEqual(await identityOf(process.pid));
    expect(own && (await isAlive(own))).toBe(true);
  });

  it("is not whoever has its pid by now, who is sent no signal", async () => {
    const child = spawn("sleep", ["60"]);
    try {
      const earlier = { pid: child.pid ?? 0, startTicks: "1" };
      expect(await isAlive(earlier)).toBe(false);
      expect(await signalTo(earlier, "SIGKILL")).toBe(false);
      expect(await identityOf(earlier.pid)).toBeDefined();
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("is not whoever has its pid and its start time after a reboot", async () => {
    const own = await identityOf(process.pid);
    if (!own) throw new Error("this process is not there");
    const boot = await bootId();
    expect(await isAlive({ ...own, bootId: boot })).toBe(true);
    expect(
      await isAlive({ ...own, bootId: boot.replace(/^./, (first) => (first === "0" ? "1" : "0")) }),
    ).toBe(false);
  });

  it("is found whatever its program is called", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcpt-"));
    const program = join(folder, "a) R 1 (b");
    await copyFile("/bin/sleep", program);
    const child = spawn(program, ["60"]);
    try {
      const own = await identityOf(process.pid);
      const found = await identityOf(child.pid ?? 0);
      expect(Number(found?.startTicks)).toBeGreaterThanOrEqual(Number(own?.startTicks));
    } finally {
      child.kill("SIGKILL");
      await rm(folder, { recursive: true });
    }
  });

  it("is gone once it ended", async () => {
    const child = spawn("true");
    const { pid = 0 } = child;
    await new Promise((resolve) => child.once("exit", resolve));
    expect(await identityOf(pid)).toBeUndefined();
  });

  it.each(["", "12", "12 ", "0 5", "-1 5", "12 5 5", "12 x", "12 5\n\n"])("is not named by %j", (text) => {
    expect(parseIdentity(text)).toBeUndefined();
  });

  it("is named by two numbers, and by the boot where it is known", () => {
    const boot = "1d9c1c5e-3c4b-4f1a-9a55-0f1f2e3d4c5b";
    expect(parseIdentity(`12 345 ${boot}\n`)).toEqual({ pid: 12, startTicks: "345", bootId: boot });
    expect(parseIdentity(`12 345 ${boot} 1`)).toBeUndefined();
    expect(parseIdentity("12 345\n")).toEqual({ pid: 12, startTicks: "345" });
  });
});
