import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { spawnAgent } from "./agent-process.ts";

async function testAlert(monitor: string) {
  const folder = await mkdtemp(join(tmpdir(), "mcp-test-alert-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, "agent.toml");
  await writeFile(config, `[agent]\nnode = "rift"\n[monitor]\n${monitor.replaceAll("FOLDER", folder)}\n`);
  const child = spawnAgent(["test-alert", "--config", config]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout?.on("data", (chunk) => out.push(String(chunk)));
  child.stderr?.on("data", (chunk) => err.push(String(chunk)));
  const [exitCode] = await once(child, "close");
  return { folder, exitCode: exitCode as number, stdout: out.join(""), stderr: err.join("") };
}

it("a test is told by each way, and says so", async () => {
  const heard: string[] = [];
  const server = createServer(async (request, response) => {
    for await (const chunk of request) heard.push(String(chunk));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { folder, ...result } = await testAlert(
    `alert_command = ["tee", "FOLDER/told.json"]\nwebhook_url = "http://127.0.0.1:${port}/"`,
  );
  expect(result).toEqual({ exitCode: 0, stdout: "command: told\nwebhook: told\n", stderr: "" });
  const told = await readFile(join(folder, "told.json"), "utf8");
  expect(JSON.parse(told)).toMatchObject({ node: "rift", code: "test", title: "this is a test" });
  expect(JSON.parse(heard.join(""))).toMatchObject({ code: "test" });
});

it("a way that fails is told with what to do, the others are tried all the same, and the exit code says so", async () => {
  const { exitCode, stdout, stderr } = await testAlert(
    'alert_command = ["true"]\nwebhook_url = "http://127.0.0.1:1/"\nsmtp_host = "127.0.0.1"\nsmtp_port = 1\n' +
      'email_from = "mcp@example.org"\nemail_to = ["ada@example.org"]',
  );
  expect(exitCode).toBe(6);
  expect(stdout).toMatch(
    /^command: told\nwebhook: failed: http:\/\/127.0.0.1:1 could not be reached: ECONNREFUSED\n {2}→ .*\nemail: failed: 127.0.0.1:1 did not take it: .*ECONNREFUSED.*\n {2}→ .*\n$/,
  );
  expect(stderr).toContain("error: 2 of 3 ways to tell an alert failed: webhook, email");
});

it("where there is no way to tell an alert, that is a failure", async () => {
  const { exitCode, stderr } = await testAlert("");
  expect(exitCode).toBe(6);
  expect(stderr).toContain("this config has no way to tell an alert");
});
