import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isProblem } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { run } from "./run.ts";

const node = process.execPath;
const script = (source: string) => [node, "-e", source];

async function problemOf(work: Promise<unknown>) {
  const thrown = await work.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );
  if (!isProblem(thrown)) throw thrown;
  return thrown;
}

describe("running a program", () => {
  it("returns what it printed, each stream apart", async () => {
    const result = await run(script(`process.stdout.write("out"); process.stderr.write("err")`));
    expect(result).toEqual({ exitCode: 0, stdout: "out", stderr: "err" });
  });

  it("hands over its arguments as given, with no shell between", async () => {
    const odd = ["$HOME", "`id`", "a b", "*", "'\"", ""];
    const { stdout } = await run([
      ...script("console.log(JSON.stringify(process.argv.slice(1)))"),
      "--",
      ...odd,
    ]);
    expect(JSON.parse(stdout)).toEqual(odd);
  });

  it("gives it its standard input and its environment", async () => {
    process.env.MCP_RUN_TEST = "inherited";
    const source = `let text = ""; process.stdin.on("data", (d) => text += d).on("end", () =>
      console.log(text, process.env.ADDED, process.env.MCP_RUN_TEST))`;
    const { stdout } = await run(script(source), {
      stdin: "hello",
      env: { ADDED: "1", MCP_RUN_TEST: undefined },
    });
    expect(stdout).toBe("hello 1 undefined\n");
    delete process.env.MCP_RUN_TEST;
  });

  it("closes its standard input when there is none to give", async () => {
    expect((await run(["cat"])).stdout).toBe("");
  });

  it("does not mind a program that never reads its input", async () => {
    expect((await run(["true"], { stdin: "x".repeat(1_000_000) })).exitCode).toBe(0);
  });

  it("says that a program is not installed", async () => {
    expect(await problemOf(run(["mcp-no-such-program"]))).toMatchObject({
      code: "tool_missing",
      hint: "install mcp-no-such-program",
    });
  });

  it("names the whole path of a program that is not there", async () => {
    expect(await problemOf(run(["/no/such/program"]))).toMatchObject({
      code: "tool_missing",
      message: "/no/such/program does not exist, or what its first line names does not",
      hint: "look at: ls -l /no/such/program",
    });
  });

  it("shows the last 20 lines of stderr when it fails", async () => {
    const problem = await problemOf(
      run(script(`for (let i = 1; i <= 30; i++) console.error("line " + i); process.exit(3)`)),
    );
    expect(problem.code).toBe("tool_failed");
    expect(problem.message).toMatch(/^node failed with exit code 3:\nline 11\n/);
    expect(problem.message).toMatch(/line 30$/);
  });

  it("takes a failure as an answer when told to", async () => {
    expect(await run(script("process.exit(3)"), { anyExitCode: true })).toMatchObject({ exitCode: 3 });
    expect(await run(script("process.kill(process.pid, 'SIGKILL')"), { anyExitCode: true })).toMatchObject({
      exitCode: 137,
    });
  });

  it("ends it, and what it started, when the time is up", async () => {
    const source = `const { pid } = require("node:child_process").spawn("sleep", ["60"], { stdio: "inherit" });
      require("node:fs").writeFileSync(process.argv[1], String(pid)); setInterval(() => {}, 1000)`;
    const pidFile = join(await mkdtemp(join(tmpdir(), "mcp-run-")), "pid");
    const problem = await problemOf(run([...script(source), pidFile], { timeoutMs: 500 }));
    expect(problem).toMatchObject({ code: "tool_timeout", message: "node did not end within 500ms" });
    const grandchild = Number(await readFile(pidFile, "utf8"));
    await rm(dirname(pidFile), { recursive: true });
    await expect.poll(() => isAlive(grandchild)).toBe(false);
  });

  it("kills what does not listen to being asked", async () => {
    const source = `process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)`;
    const start = performance.now();
    expect(await problemOf(run(script(source), { timeoutMs: 500 }))).toMatchObject({ code: "tool_timeout" });
    expect(performance.now() - start).toBeLessThan(8_000);
  });

  it("rethrows the reason of an abort, before and during", async () => {
    const controller = new AbortController();
    const running = run(["sleep", "60"], { signal: controller.signal });
    controller.abort("enough");
    await expect(running).rejects.toBe("enough");
    await expect(run(["sleep", "60"], { signal: controller.signal })).rejects.toBe("enough");
  });

  it("fails rather than return a part of too much output", async () => {
    const problem = await problemOf(run(["yes"], { maxOutputBytes: 10_000, timeoutMs: 10_000 }));
    expect(problem).toMatchObject({ code: "tool_failed", message: "yes printed more than 10000 bytes" });
  });

  it("does not wait for a daemon that holds the output open", async () => {
    const source = `require("node:child_process").spawn("sleep", ["5"], { stdio: "inherit", detached: true }).unref();
      console.log("started")`;
    const start = performance.now();
    expect((await run(script(source))).stdout).toBe("started\n");
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

/** A zombie is dead; who should reap it is not ours to say. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !stat.includes(") Z ");
}
