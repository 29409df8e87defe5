import { beforeEach, describe, expect, it } from "vitest";
import { operation, plannedStep, refusal, step } from "./agent.ts";
import { ended, written } from "./cli.ts";
import { rig } from "./rig.ts";

const definition = `name = "hello"
[[components]]
name = "web"
image = "localhost:5000/hello:2"
[[components]]
name = "db"
image = "localhost:5000/db:1"
`;

const mcp = rig('[images]\nregistry = "localhost:5000"\n');
beforeEach(() => mcp.cli.write(".config/mcp/services/hello.toml", definition));

const steps = [
  plannedStep(1, "done"),
  plannedStep(2, "done", { action: "accept", component: "", subject: "revision 3" }),
];

describe("mcp deploy", () => {
  it("that fails shows why, the last log lines and what goes on running", async () => {
    const problem = {
      code: "exited_early",
      message: "web exited with 1",
      hint: "see more: mcp logs hello/web",
    };
    await mcp.answerWith({
      async *deploy() {
        yield operation("running", { steps: [plannedStep(1, "running")] });
        yield step(1, "failed", { problem });
        const tried = { problem, steps: [plannedStep(1, "failed", { problem })] };
        yield operation("reverting", tried);
        yield operation("failed", { ...tried, lastLogLines: ["listening", "panic: no database"] });
      },
      getService: () => ({ service: { name: "hello", revision: 2n } }),
    });
    expect(await mcp.cli.run("deploy hello")).toEqual({
      stdout: "",
      stderr: [
        "start web: failed 0.4s",
        "it failed; removing what was started",
        "error: web exited with 1 [exited_early]",
        "  | listening",
        "  | panic: no database",
        "  hello r2 goes on running",
        "  → see more: mcp logs hello/web",
        "",
      ].join("\n"),
      exit: 5,
    });
    const json = await mcp.cli.run("deploy hello --json");
    expect([json.stderr, json.exit]).toEqual(["", 5]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      problem,
      operation: { state: "failed", lastLogLines: ["listening", "panic: no database"] },
    });
  });

  it("that fails the first time says that nothing ran before", async () => {
    await mcp.answerWith({
      async *deploy() {
        yield operation("failed", { problem: { code: "start_failed", message: "no such image", hint: "" } });
      },
      getService: () => {
        throw refusal("service_not_found", "there is no service hello", "mcp list");
      },
    });
    const { stderr, exit } = await mcp.cli.run("deploy hello");
    expect([stderr, exit]).toEqual([
      "error: no such image [start_failed]\n  nothing of hello ran before\n",
      5,
    ]);
  });

  it("that is refused says why, with the exit code of its problem", async () => {
    await mcp.answerWith({
      // biome-ignore lint/correctness/useYield: it only refuses
      async *deploy() {
        throw refusal("port_taken", "host port 80 is held by web", "free it with: mcp stop web");
      },
    });
    expect(await mcp.cli.run("deploy hello")).toEqual({
      stdout: "",
      stderr: "error: host port 80 is held by web [port_taken]\n  → free it with: mcp stop web\n",
      exit: 3,
    });
    expect(await mcp.cli.run("deploy hello --json")).toEqual({
      stdout: `${JSON.stringify(
        {
          problem: {
            code: "port_taken",
            message: "host port 80 is held by web",
            hint: "free it with: mcp stop web",
          },
        },
        null,
        2,
      )}\n`,
      stderr: "",
      exit: 3,
    });
  });

  it("goes on when the agent is killed in the middle and comes back", async () => {
    let watched: unknown;
    const asked = Promise.withResolvers<string>();
    await mcp.answerWith({
      async *deploy({ requestId }) {
        yield operation("running", { steps: [plannedStep(1, "running")] });
        asked.resolve(requestId);
        await new Promise(() => {});
      },
    });
    const child = mcp.cli.start(["deploy", "hello"]);
    const result = ended(child);
    const requestId = await asked.promise;
    await mcp.agent.die();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await mcp.agent.revive({
      async *watchOperation({ id }) {
        watched = id;
        yield operation("running", { steps: [plannedStep(1, "running")] });
        yield operation("succeeded", { steps });
      },
    });
    expect(await result).toEqual({
      stdout: "hello r3 running (1 changed, 1 unchanged) in 1.2s\n",
      stderr: [
        "the agent went away; waiting for it to come back",
        "start web: done 0.4s",
        "accept revision 3: done 0.4s",
        "",
      ].join("\n"),
      exit: 0,
    });
    expect(watched).toBe(requestId);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("that is interrupted by %s says that it goes on at the agent", async (signal, exit) => {
    await mcp.answerWith({
      async *deploy() {
        yield operation("running", { steps: [plannedStep(1, "done"), plannedStep(2, "running")] });
        await new Promise(() => {});
      },
    });
    const child = mcp.cli.start(["deploy", "hello"]);
    const begun = await written(child.stderr, "start web: done");
    child.kill(signal);
    const ran = await ended(child);
    expect([begun + ran.stderr, ran.stdout, ran.exit]).toEqual([
      "start web: done 0.4s\n\ninterrupted: the agent goes on with it; see how far it is with: mcp status hello, or follow it with: mcp deploy hello\n",
      "",
      exit,
    ]);
  });
});
