import { describe, expect, it } from "vitest";
import { at, type Rpcs, refusal } from "./agent.ts";
import { ended, written } from "./cli.ts";
import { rig } from "./rig.ts";

const mcp = rig();

const web = { name: "web", knownName: "hello-web", runtime: "container", image: "hello:2", desired: 1 };
const hello = { name: "hello", desired: 1, revision: 3n, deployedAt: at(0), components: [web] };

describe("mcp logs", () => {
  const line = (component: string, text: string, stream = 1) => ({ at: at(0), component, text, stream });

  it("shows lines as they come, with their component where there are several", async () => {
    let request: unknown;
    const twoComponents = { ...hello, components: [web, { ...web, name: "db" }] };
    await mcp.answerWith({
      getService: () => ({ service: twoComponents }),
      async *logs(sent) {
        request = sent;
        yield { lines: [line("web", "listening"), line("db", "ready", 2)] };
        yield { lines: [line("web", "")] };
      },
    });
    expect(await mcp.output("logs hello")).toBe("web | listening\ndb  | ready\nweb | \n");
    expect(await mcp.output("logs hello -t")).toContain("\n2026-01-02T11:00:00Z db  | ready\n");
    const followed = await mcp.cli.run("logs hello/web --tail 5 --since 2026-01-02T11:00:00Z -f -t");
    expect(followed.stdout).toContain("2026-01-02T11:00:00Z listening\n");
    expect([followed.stderr, followed.exit]).toEqual(["-- hello/web is not there any more --\n", 0]);
    expect((await mcp.cli.run("logs hello -f")).stderr).toBe("-- hello is not there any more --\n");
    expect((await mcp.cli.run("logs hello -f --json")).stderr).toBe("");
    await mcp.cli.run("logs hello/web --tail 5 --since 2026-01-02T11:00:00Z -f");
    expect(request).toMatchObject({
      service: "hello",
      component: "web",
      tail: 5,
      since: at(0),
      follow: true,
    });
    expect((await mcp.output("logs hello --json")).split("\n")).toEqual([
      '{"at":"2026-01-02T11:00:00Z","component":"web","instance":"","stream":"stdout","text":"listening","found":false}',
      '{"at":"2026-01-02T11:00:00Z","component":"db","instance":"","stream":"stderr","text":"ready","found":false}',
      '{"at":"2026-01-02T11:00:00Z","component":"web","instance":"","stream":"stdout","text":"","found":false}',
      "",
    ]);
  });

  it("say on standard error which instance goes on, when they are followed", async () => {
    const of = (instance: string, text: string) => ({ ...line("web", text), instance });
    await mcp.answerWith({
      getService: () => ({ service: hello }),
      async *logs() {
        yield { lines: [of("hello-web.1", "old")] };
        yield { lines: [of("hello-web.2", "new")] };
      },
    });
    expect(await mcp.cli.run("logs hello -f")).toEqual({
      stdout: "old\nnew\n",
      stderr: "-- web: now hello-web.2 --\n-- hello is not there any more --\n",
      exit: 0,
    });
    expect((await mcp.cli.run("logs hello -f --json")).stderr).toBe("");
    expect(await mcp.output("logs hello")).toBe("old\nnew\n");
  });

  it("mark the times of lines that were written before anybody read them", async () => {
    await mcp.answerWith({
      getService: () => ({ service: hello }),
      async *logs() {
        yield { lines: [{ ...line("web", "missed"), found: true }, line("web", "seen")] };
      },
    });
    expect(await mcp.output("logs hello -t")).toBe(
      "~2026-01-02T11:00:00Z missed\n2026-01-02T11:00:00Z seen\n",
    );
    expect(await mcp.output("logs hello")).toBe("missed\nseen\n");
    expect(await mcp.output("logs hello --json")).toContain('"text":"missed","found":true}\n');
  });

  it("have no prefix where there is one component", async () => {
    await mcp.answerWith({
      getService: () => ({ service: hello }),
      async *logs() {
        yield { lines: [line("web", "listening")] };
      },
    });
    expect(await mcp.output("logs hello")).toBe("listening\n");
  });

  const endless: Rpcs = {
    getService: () => ({ service: hello }),
    async *logs() {
      for (let count = 0; ; count++) {
        yield { lines: [line("web", `line ${count}`)] };
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };

  it("end quietly on ctrl-c", async () => {
    await mcp.answerWith(endless);
    const child = mcp.cli.start(["logs", "-f", "hello"]);
    await written(child.stdout, "line 3");
    child.kill("SIGINT");
    const { stderr, exit } = await ended(child);
    expect([stderr, exit]).toEqual(["", 130]);
  });

  it("end quietly when nobody reads them any more", async () => {
    await mcp.answerWith(endless);
    const child = mcp.cli.start(["logs", "-f", "hello"]);
    await written(child.stdout, "line 3");
    child.stdout.destroy();
    const { stderr, exit } = await ended(child);
    expect([stderr, exit]).toEqual(["", 141]);
  });

  it("hold the agent back when they are read slowly, and lose nothing", async () => {
    const chunk = { lines: Array.from({ length: 1_000 }, (_, n) => line("web", `${n} ${"x".repeat(100)}`)) };
    await mcp.answerWith({
      getService: () => ({ service: hello }),
      async *logs() {
        for (let count = 0; count < 50; count++) yield chunk;
      },
    });
    const child = mcp.cli.start(["logs", "hello"]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { stdout, exit } = await ended(child);
    expect([stdout.split("\n").length, exit]).toEqual([50_001, 0]);
  });

  it("of a service that is not there are a problem, not silence", async () => {
    const gone = () => {
      throw refusal("service_not_found", "there is no service hello", "see all with: mcp list");
    };
    await mcp.answerWith({ getService: gone, logs: gone });
    const failed = {
      stdout: "",
      stderr: "error: there is no service hello [service_not_found]\n  → see all with: mcp list\n",
      exit: 4,
    };
    expect(await mcp.cli.run("logs hello")).toEqual(failed);
    expect(await mcp.cli.run("logs hello/web")).toEqual(failed);
  });
});
