import { beforeEach, describe, expect, it } from "vitest";
import { operation, plannedStep } from "./agent.ts";
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

describe("mcp plan", () => {
  it("shows the steps, as mcp deploy --dry-run does", async () => {
    let request: unknown;
    await mcp.answerWith({
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
    expect(await mcp.cli.run("deploy hello --dry-run")).toEqual({ stdout: plan, stderr: "", exit: 0 });
    expect(await mcp.cli.run("plan hello")).toEqual({ stdout: plan, stderr: "", exit: 0 });
    expect((await mcp.cli.run("plan hello -v")).stdout).toContain("it is new\n");
    expect(request).toMatchObject({ case: "deploy", value: { toml: definition } });
    expect(JSON.parse((await mcp.cli.run("plan hello --json")).stdout)).toMatchObject({
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
    undeploy: "is gone in 1.2s; revisions are kept as history: mcp service history hello",
  };
  it.each(Object.entries(outcomes))("mcp %s asks for it and says that it is done", async (kind, outcome) => {
    let request: unknown;
    await mcp.answerWith({
      async *[kind as "stop"](sent: { service: string }) {
        request = sent;
        yield operation("succeeded", { kind, steps: [plannedStep(1, "done", { action: kind })] });
      },
    });
    const { stdout, exit } = await mcp.cli.run(`${kind} hello`);
    expect([stdout, exit]).toEqual([`hello r3 ${outcome}\n`, 0]);
    expect(request).toMatchObject({ service: "hello" });
  });

  it("mcp rollback goes to the revision before, or to the one that is named", async () => {
    const revisions: bigint[] = [];
    await mcp.answerWith({
      async *rollback({ revision }) {
        revisions.push(revision);
        yield operation("succeeded", { kind: "rollback", revision: 4n, steps });
      },
    });
    expect((await mcp.cli.run("rollback hello")).stdout).toBe("hello r4 running (1 changed) in 1.2s\n");
    await mcp.cli.run("rollback hello --to 2");
    await mcp.cli.run("rollback hello --to r3");
    expect(revisions).toEqual([0n, 2n, 3n]);
    expect(await mcp.cli.run("rollback hello --to first")).toEqual({
      stdout: "",
      stderr:
        'error: "first" is not a revision [usage]\n  → write its number, as mcp service history shows it: 3 or r3\n',
      exit: 2,
    });
  });
});
