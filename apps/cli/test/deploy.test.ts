import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FakeAgent, operation, plannedStep, type Rpcs, refusal, step } from "./agent.ts";
import { Cli, ended, written } from "./cli.ts";

const definition = `name = "hello"
[[components]]
name = "web"
image = "localhost:5000/hello:2"
[[components]]
name = "db"
image = "localhost:5000/db:1"
`;

let cli: Cli;
let agent: FakeAgent;
beforeAll(async () => {
  cli = await Cli.build();
});
afterAll(() => cli[Symbol.asyncDispose]());
beforeEach(async () => {
  agent = await FakeAgent.start({});
  await cli.configure(agent.address, '[images]\nregistry = "localhost:5000"\n');
  await cli.write(".config/mcp/services/hello.toml", definition);
});
afterEach(() => agent[Symbol.asyncDispose]());

async function answerWith(rpcs: Rpcs): Promise<void> {
  await agent.die();
  await agent.revive(rpcs);
}

const steps = [
  plannedStep(1, "done"),
  plannedStep(2, "done", { action: "accept", component: "", subject: "revision 3" }),
];

describe("mcp deploy", () => {
  it("sends the definition, says each step, and what it came to", async () => {
    let request: unknown;
    await answerWith({
      async *deploy(sent) {
        request = sent;
        yield operation("running", { steps: [plannedStep(1, "planned")] });
        yield step(1, "running");
        yield step(1, "done");
        yield operation("succeeded", { steps });
      },
    });
    expect(await cli.run("deploy hello")).toEqual({
      stdout: "hello r3 running (1 changed, 1 unchanged) in 1.2s\n",
      stderr: "start web: done 0.4s\naccept revision 3: done 0.4s\n",
      exit: 0,
    });
    expect(request).toMatchObject({
      component: "",
      definition: {
        toml: definition,
        file: `${cli.home}/.config/mcp/services/hello.toml`,
        imageRegistry: "localhost:5000",
      },
      requestId: expect.stringMatching(/^[\w-]{20,80}$/),
    });
  });

  it("deploys one component, and then does not count the others", async () => {
    let component: unknown;
    await answerWith({
      async *deploy(sent) {
        component = sent.component;
        yield operation("succeeded", { steps });
      },
    });
    expect((await cli.run("deploy hello/web")).stdout).toBe("hello/web r3 running (1 changed) in 1.2s\n");
    expect(component).toBe("web");
  });

  it("says that there is nothing to do", async () => {
    await answerWith({
      async *deploy() {
        yield operation("succeeded");
      },
    });
    expect(await cli.run("deploy hello")).toEqual({
      stdout: "hello r3 is as it should be; nothing to do\n",
      stderr: "",
      exit: 0,
    });
  });

  it("returns the operation with --json, and says nothing else", async () => {
    await answerWith({
      async *deploy(sent) {
        yield operation("running");
        yield operation("succeeded", { requestId: sent.requestId, steps, notes: ["a note"] });
      },
    });
    const { stdout, stderr, exit } = await cli.run("deploy hello --json");
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
    await answerWith({
      async *deploy() {
        yield operation("running", { steps: [plannedStep(1, "planned")] });
        yield step(1, "done");
        yield operation("succeeded", { steps: [plannedStep(1, "done")] });
      },
    });
    const { stdout, exit } = await cli.onTerminal("deploy hello", { NO_COLOR: "1" });
    expect(exit).toBe(0);
    expect(stdout.startsWith("· start web\n\u001b[1A\u001b[0J✓ start web 0.4s\n")).toBe(true);
    expect(stdout.endsWith("✓ start web 0.4s\nhello r3 running (1 changed, 1 unchanged) in 1.2s\n")).toBe(
      true,
    );
    expect((await cli.onTerminal("deploy hello")).stdout).toContain("\u001b[32m✓\u001b[39m start web");
  });

  it("that fails shows why, the last log lines and what goes on running", async () => {
    const problem = {
      code: "exited_early",
      message: "web exited with 1",
      hint: "see more: mcp logs hello/web",
    };
    await answerWith({
      async *deploy() {
        yield operation("running", { steps: [plannedStep(1, "running")] });
        yield step(1, "failed", { problem });
        yield operation("reverting");
        yield operation("failed", { problem, lastLogLines: ["listening", "panic: no database"] });
      },
      getService: () => ({ service: { name: "hello", revision: 2n } }),
    });
    expect(await cli.run("deploy hello")).toEqual({
      stdout: "",
      stderr: [
        "start web: failed 0.4s: web exited with 1",
        "it failed; bringing back what ran before",
        "error: web exited with 1 [exited_early]",
        "  | listening",
        "  | panic: no database",
        "  hello r2 goes on running",
        "  → see more: mcp logs hello/web",
        "",
      ].join("\n"),
      exit: 5,
    });
    const json = await cli.run("deploy hello --json");
    expect([json.stderr, json.exit]).toEqual(["", 5]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      problem,
      operation: { state: "failed", lastLogLines: ["listening", "panic: no database"] },
    });
  });

  it("that fails the first time says that nothing ran before", async () => {
    await answerWith({
      async *deploy() {
        yield operation("failed", { problem: { code: "start_failed", message: "no such image", hint: "" } });
      },
      getService: () => {
        throw refusal("service_not_found", "there is no service hello", "mcp list");
      },
    });
    const { stderr, exit } = await cli.run("deploy hello");
    expect([stderr, exit]).toEqual([
      "error: no such image [start_failed]\n  nothing of hello ran before\n",
      5,
    ]);
  });

  it("that is refused says why, with the exit code of its problem", async () => {
    await answerWith({
      // biome-ignore lint/correctness/useYield: it only refuses
      async *deploy() {
        throw refusal("port_taken", "host port 80 is held by web", "free it with: mcp stop web");
      },
    });
    expect(await cli.run("deploy hello")).toEqual({
      stdout: "",
      stderr: "error: host port 80 is held by web [port_taken]\n  → free it with: mcp stop web\n",
      exit: 3,
    });
    expect(await cli.run("deploy hello --json")).toEqual({
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
    await answerWith({
      async *deploy({ requestId }) {
        yield operation("running", { steps: [plannedStep(1, "running")] });
        asked.resolve(requestId);
        await new Promise(() => {});
      },
    });
    const child = cli.start(["deploy", "hello"]);
    const result = ended(child);
    const requestId = await asked.promise;
    await agent.die();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await agent.revive({
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
    await answerWith({
      async *deploy() {
        yield operation("running", { steps: [plannedStep(1, "done"), plannedStep(2, "running")] });
        await new Promise(() => {});
      },
    });
    const child = cli.start(["deploy", "hello"]);
    const begun = await written(child.stderr, "start web: done");
    child.kill(signal);
    const ran = await ended(child);
    expect([begun + ran.stderr, ran.stdout, ran.exit]).toEqual([
      "start web: done 0.4s\n\ninterrupted: the agent goes on with it; see how far it is with: mcp status hello, or follow it with: mcp deploy hello\n",
      "",
      exit,
    ]);
  });

  it("only shows the plan with --dry-run, as mcp plan does", async () => {
    let request: unknown;
    await answerWith({
      plan: (sent) => {
        request = sent.what;
        return {
          service: "hello",
          steps: [{ ...plannedStep(1, "planned"), instance: "hello-web-1" }],
          notes: ["memory limits cannot be kept here"],
        };
      },
    });
    const plan = "hello: 1 step\n  1.  start web  it is new\nnote: memory limits cannot be kept here\n";
    expect(await cli.run("deploy hello --dry-run")).toEqual({ stdout: plan, stderr: "", exit: 0 });
    expect(await cli.run("plan hello")).toEqual({ stdout: plan, stderr: "", exit: 0 });
    expect((await cli.run("plan hello -v")).stdout).toContain("it is new  hello-web-1\n");
    expect(request).toMatchObject({ case: "deploy", value: { toml: definition } });
    expect(JSON.parse((await cli.run("plan hello --json")).stdout)).toMatchObject({
      service: "hello",
      steps: [{ number: 1, state: "planned" }],
      notes: ["memory limits cannot be kept here"],
      blocked: [],
    });
  });
});

describe("the commands that change what runs", () => {
  const outcomes = {
    stop: "stopped in 1.2s",
    start: "running in 1.2s",
    restart: "running in 1.2s",
    undeploy: "is gone in 1.2s",
  };
  it.each(Object.entries(outcomes))("mcp %s asks for it and says that it is done", async (kind, outcome) => {
    let request: unknown;
    await answerWith({
      async *[kind as "stop"](sent: { service: string }) {
        request = sent;
        yield operation("succeeded", { kind, steps: [plannedStep(1, "done", { action: kind })] });
      },
    });
    const { stdout, exit } = await cli.run(`${kind} hello`);
    expect([stdout, exit]).toEqual([`hello r3 ${outcome}\n`, 0]);
    expect(request).toMatchObject({ service: "hello" });
  });

  it("mcp rollback goes to the revision before, or to the one that is named", async () => {
    const revisions: bigint[] = [];
    await answerWith({
      async *rollback({ revision }) {
        revisions.push(revision);
        yield operation("succeeded", { kind: "rollback", revision: 4n, steps });
      },
    });
    expect((await cli.run("rollback hello")).stdout).toBe("hello r4 running (1 changed) in 1.2s\n");
    await cli.run("rollback hello --to 2");
    await cli.run("rollback hello --to r3");
    expect(revisions).toEqual([0n, 2n, 3n]);
    expect(await cli.run("rollback hello --to first")).toEqual({
      stdout: "",
      stderr:
        'error: "first" is not a revision [usage]\n  → write its number, as mcp service history shows it: 3 or r3\n',
      exit: 2,
    });
  });
});
