import { beforeEach, describe, expect, it } from "vitest";
import { operation, plannedStep, step } from "./agent.ts";
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
  it("sends the definition, says each step, and what it came to", async () => {
    let request: unknown;
    await mcp.answerWith({
      async *deploy(sent) {
        request = sent;
        yield operation("running", { steps: [plannedStep(1, "planned")] });
        yield step(1, "running");
        yield step(1, "done");
        yield operation("succeeded", { steps });
      },
    });
    expect(await mcp.cli.run("deploy hello")).toEqual({
      stdout: "hello r3 running (1 changed, 1 unchanged) in 1.2s\n",
      stderr: "start web: done 0.4s\naccept revision 3: done 0.4s\n",
      exit: 0,
    });
    expect(request).toMatchObject({
      component: "",
      definition: {
        toml: definition,
        file: `${mcp.cli.home}/.config/mcp/services/hello.toml`,
        imageRegistry: "localhost:5000",
      },
      requestId: expect.stringMatching(/^[\w-]{20,80}$/),
    });
  });

  it("deploys one component, and then does not count the others", async () => {
    let component: unknown;
    await mcp.answerWith({
      async *deploy(sent) {
        component = sent.component;
        yield operation("succeeded", { steps });
      },
    });
    expect((await mcp.cli.run("deploy hello/web")).stdout).toBe("hello/web r3 running (1 changed) in 1.2s\n");
    expect(component).toBe("web");
  });

  it("says that there is nothing to do", async () => {
    await mcp.answerWith({
      async *deploy() {
        yield operation("succeeded");
      },
    });
    expect(await mcp.cli.run("deploy hello")).toEqual({
      stdout: "hello r3 is as it should be; nothing to do\n",
      stderr: "",
      exit: 0,
    });
  });

  it("returns the operation with --json, and says nothing else", async () => {
    await mcp.answerWith({
      async *deploy(sent) {
        yield operation("running");
        yield operation("succeeded", { requestId: sent.requestId, steps, notes: ["a note"] });
      },
    });
    const { stdout, stderr, exit } = await mcp.cli.run("deploy hello --json");
    expect([stderr, exit]).toEqual(["", 0]);
    expect(JSON.parse(stdout)).toEqual({
      id: "op-1",
      requestId: expect.any(String),
      service: "hello",
      kind: "deploy",
      state: "succeeded",
      revision: 3,
      createdAt: "2026-01-02T11:00:00Z",
      finishedAt: "2026-01-02T11:00:01.240Z",
      steps: [
        {
          number: 1,
          action: "start",
          component: "web",
          instance: "",
          subject: "",
          reason: "it is new",
          untilHealthy: false,
          state: "done",
          startedAt: "2026-01-02T11:00:00.100Z",
          finishedAt: "2026-01-02T11:00:00.500Z",
          after: [],
          problem: null,
        },
        expect.objectContaining({ number: 2, action: "accept", subject: "revision 3" }),
      ],
      notes: ["a note"],
      problem: null,
      lastLogLines: [],
    });
  });

  it("draws its steps on a terminal", async () => {
    await mcp.answerWith({
      async *deploy() {
        yield operation("running", { steps: [plannedStep(1, "planned")] });
        yield step(1, "done");
        yield operation("succeeded", { steps: [plannedStep(1, "done")] });
      },
    });
    const { stdout, exit } = await mcp.cli.onTerminal("deploy hello", { NO_COLOR: "1" });
    expect(exit).toBe(0);
    expect(stdout.startsWith("· start web\n\u001b[1A\u001b[0J✓ start web 0.4s\n")).toBe(true);
    expect(stdout.endsWith("✓ start web 0.4s\nhello r3 running (1 changed, 1 unchanged) in 1.2s\n")).toBe(
      true,
    );
    expect((await mcp.cli.onTerminal("deploy hello")).stdout).toContain("\u001b[32m✓\u001b[39m start web");
  });
});
