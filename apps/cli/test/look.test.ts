import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ago, at, FakeAgent, type Rpcs, refusal } from "./agent.ts";
import { Cli, ended, written } from "./cli.ts";

let cli: Cli;
let agent: FakeAgent;
beforeAll(async () => {
  cli = await Cli.build();
});
afterAll(() => cli[Symbol.asyncDispose]());
beforeEach(async () => {
  agent = await FakeAgent.start({});
  await cli.configure(agent.address);
});
afterEach(() => agent[Symbol.asyncDispose]());

async function answerWith(rpcs: Rpcs): Promise<void> {
  await agent.die();
  await agent.revive(rpcs);
}

/** Of a command that succeeds and says nothing on standard error. */
async function output(args: string): Promise<string> {
  const { stdout, stderr, exit } = await cli.run(args);
  expect([stderr, exit]).toEqual(["", 0]);
  return stdout;
}

const web = { name: "web", knownName: "hello-web", runtime: "container", image: "hello:2", desired: 1 };
const hello = { name: "hello", desired: 1, revision: 3n, deployedAt: at(0), components: [web] };

describe("mcp list", () => {
  it("shows the services, and as JSON with every key", async () => {
    await answerWith({ listServices: () => ({ services: [{ ...hello, deployedAt: ago(200_000) }] }) });
    expect(await output("list")).toBe(
      "SERVICE  WANTED   REVISION  COMPONENTS  DEPLOYED\nhello    running  r3        web         3m\n",
    );
    await answerWith({ listServices: () => ({ services: [hello, { name: "new" }] }) });
    expect(JSON.parse(await output("list --json"))).toEqual({
      services: [
        {
          name: "hello",
          desired: "running",
          revision: 3,
          candidateRevision: null,
          deployedAt: "2026-01-02T11:00:00Z",
          components: [
            {
              name: "web",
              knownName: "hello-web",
              runtime: "container",
              image: "hello:2",
              digest: "",
              desired: "running",
            },
          ],
        },
        {
          name: "new",
          desired: "unknown",
          revision: null,
          candidateRevision: null,
          deployedAt: null,
          components: [],
        },
      ],
    });
  });
});

describe("mcp ps", () => {
  it("shows what runs, of one service too", async () => {
    const asked: unknown[] = [];
    await answerWith({
      liveCheck: ({ service, usage }) => {
        asked.push([service, usage]);
        return {
          instances: [
            {
              service: "hello",
              component: "web",
              instance: "hello-web-1",
              runtime: "container",
              observed: 1,
              startedAt: ago(7_300_000),
              ports: ["8080:80"],
            },
          ],
        };
      },
    });
    const shown =
      "SERVICE  COMPONENT  INSTANCE     RUNTIME    STATE    UPTIME  PORTS\n" +
      "hello    web        hello-web-1  container  running  2h      8080:80\n";
    expect(await output("ps")).toBe(shown);
    // What is on standard input is somebody else's, such as the rest of a script.
    expect((await cli.run("ps", { input: "mail\n" })).stdout).toBe(shown);
    expect(await output("ps hello")).toBe(shown);
    expect(await output("ps --wide")).toContain("REVISION  MEMORY  CPU  ADDRESS  IMAGE\n");
    expect(asked).toEqual([
      ["", false],
      ["", false],
      ["hello", false],
      ["", true],
    ]);
    expect(JSON.parse(await output("ps --json"))).toEqual({
      instances: [
        {
          service: "hello",
          component: "web",
          instance: "hello-web-1",
          runtime: "container",
          state: "running",
          startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
          exitCode: null,
          image: "",
          ports: ["8080:80"],
          revision: null,
          address: "",
          memoryBytes: null,
          cpuCores: null,
          pid: null,
        },
      ],
      problems: [],
    });
  });
});

describe("mcp status", () => {
  it("shows what differs and what happened", async () => {
    await answerWith({
      status: ({ service }) => ({
        node: "rift",
        services: [
          {
            service: hello,
            components: [
              {
                name: "web",
                instance: "hello-web-1",
                desired: 1,
                observed: 8,
                drift: [{ kind: "missing", text: "it is gone" }],
              },
            ],
          },
        ],
        recentEvents: [
          { id: 7n, at: ago(65_000), service, component: "web", kind: "missing", text: "web is gone" },
        ],
      }),
    });
    expect(await output("status hello")).toBe(
      [
        "SERVICE  REVISION  COMPONENT  WANTED   IS       SINCE  RESTARTS",
        "hello    r3        web        running  missing  -      0",
        "",
        "differs",
        "  hello/web  missing  it is gone",
        "",
        "recent events",
        "  1m  hello/web  web is gone",
        "",
      ].join("\n"),
    );
    expect(JSON.parse(await output("status --json"))).toMatchObject({
      node: "rift",
      services: [
        {
          service: { name: "hello", revision: 3 },
          runningOperation: null,
          components: [
            {
              name: "web",
              instance: "hello-web-1",
              desired: "running",
              observed: "missing",
              drift: [{ kind: "missing", text: "it is gone" }],
              since: null,
              restarts: 0,
              lastExitCode: null,
            },
          ],
        },
      ],
      recentEvents: [{ id: 7, service: "", component: "web", kind: "missing", text: "web is gone" }],
      unmanaged: [],
    });
  });

  it("is coloured where that is wanted, and nowhere else", async () => {
    await answerWith({
      status: () => ({ services: [{ service: hello, components: [{ name: "web", observed: 1 }] }] }),
    });
    const green = "\u001b[32mrunning\u001b[39m";
    expect((await cli.run("status")).stdout).not.toContain("\u001b");
    expect((await cli.run("status", { env: { FORCE_COLOR: "1" } })).stdout).toContain(green);
    expect((await cli.onTerminal("status")).stdout).toContain(green);
    expect((await cli.onTerminal("status", { NO_COLOR: "1" })).stdout).not.toContain("\u001b");
    expect((await cli.onTerminal("status", { TERM: "dumb" })).stdout).not.toContain("\u001b");
    expect((await cli.onTerminal("status --json")).stdout).not.toContain("\u001b");
  });
});

describe("mcp logs", () => {
  const line = (component: string, text: string, stream = 1) => ({ at: at(0), component, text, stream });

  it("shows lines as they come, with their component where there are several", async () => {
    let request: unknown;
    const twoComponents = { ...hello, components: [web, { ...web, name: "db" }] };
    await answerWith({
      getService: () => ({ service: twoComponents }),
      async *logs(sent) {
        request = sent;
        yield { lines: [line("web", "listening"), line("db", "ready", 2)] };
        yield { lines: [line("web", "")] };
      },
    });
    expect(await output("logs hello")).toBe("web | listening\ndb  | ready\nweb | \n");
    expect(await output("logs hello/web --tail 5 --since 2026-01-02T11:00:00Z -f -t")).toContain(
      "2026-01-02T11:00:00Z listening\n",
    );
    expect(request).toMatchObject({
      service: "hello",
      component: "web",
      tail: 5,
      since: at(0),
      follow: true,
    });
    expect((await output("logs hello --json")).split("\n")).toEqual([
      '{"at":"2026-01-02T11:00:00Z","component":"web","instance":"","stream":"stdout","text":"listening"}',
      '{"at":"2026-01-02T11:00:00Z","component":"db","instance":"","stream":"stderr","text":"ready"}',
      '{"at":"2026-01-02T11:00:00Z","component":"web","instance":"","stream":"stdout","text":""}',
      "",
    ]);
  });

  it("have no prefix where there is one component", async () => {
    await answerWith({
      getService: () => ({ service: hello }),
      async *logs() {
        yield { lines: [line("web", "listening")] };
      },
    });
    expect(await output("logs hello")).toBe("listening\n");
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
    await answerWith(endless);
    const child = cli.start(["logs", "-f", "hello"]);
    await written(child.stdout, "line 3");
    child.kill("SIGINT");
    const { stderr, exit } = await ended(child);
    expect([stderr, exit]).toEqual(["", 130]);
  });

  it("end quietly when nobody reads them any more", async () => {
    await answerWith(endless);
    const child = cli.start(["logs", "-f", "hello"]);
    await written(child.stdout, "line 3");
    child.stdout.destroy();
    const { stderr, exit } = await ended(child);
    expect([stderr, exit]).toEqual(["", 141]);
  });

  it("hold the agent back when they are read slowly, and lose nothing", async () => {
    const chunk = { lines: Array.from({ length: 1_000 }, (_, n) => line("web", `${n} ${"x".repeat(100)}`)) };
    await answerWith({
      getService: () => ({ service: hello }),
      async *logs() {
        for (let count = 0; count < 50; count++) yield chunk;
      },
    });
    const child = cli.start(["logs", "hello"]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { stdout, exit } = await ended(child);
    expect([stdout.split("\n").length, exit]).toEqual([50_001, 0]);
  });

  it("of a service that is not there are a problem, not silence", async () => {
    const gone = () => {
      throw refusal("service_not_found", "there is no service hello", "see all with: mcp list");
    };
    await answerWith({ getService: gone, logs: gone });
    const failed = {
      stdout: "",
      stderr: "error: there is no service hello [service_not_found]\n  → see all with: mcp list\n",
      exit: 4,
    };
    expect(await cli.run("logs hello")).toEqual(failed);
    expect(await cli.run("logs hello/web")).toEqual(failed);
  });
});

describe("mcp service", () => {
  it("history lists revisions", async () => {
    await answerWith({
      listRevisions: () => ({
        revisions: [{ number: 2n, state: 2, origin: "deploy", createdAt: ago(3_600_000), components: [web] }],
      }),
    });
    expect(await output("service history hello")).toBe(
      "REVISION  STATE    MADE BY  AGE  IMAGES\nr2        current  deploy   1h   hello:2\n",
    );
    expect(JSON.parse(await output("service history hello --json"))).toMatchObject({
      service: "hello",
      revisions: [{ number: 2, state: "current", origin: "deploy", components: [{ image: "hello:2" }] }],
    });
  });

  it("show prints the definition", async () => {
    const asked: bigint[] = [];
    await answerWith({
      getService: ({ revision }) => {
        asked.push(revision);
        return {
          service: hello,
          revision: { number: 2n, state: 3, origin: "deploy", createdAt: ago(3_600_000) },
          toml: 'name = "hello"\n',
        };
      },
    });
    expect(await output("service show hello")).toBe(
      '# hello r2 (earlier), made by deploy, 1h ago\nname = "hello"\n',
    );
    await output("service show hello --revision r2");
    expect(JSON.parse(await output("service show hello --json"))).toMatchObject({ toml: 'name = "hello"\n' });
    expect(asked).toEqual([0n, 2n, 0n]);
    await answerWith({ getService: () => ({ service: hello }) });
    expect(await cli.run("service show hello --revision 9")).toEqual({
      stdout: "",
      stderr:
        "error: there is no revision 9 of hello [revision_not_found]\n  → see those there are with: mcp service history hello\n",
      exit: 4,
    });
    expect((await cli.run("service show hello")).stderr).toContain(
      "error: no revision of hello is current yet",
    );
  });
});

describe("mcp node", () => {
  it("list reads the configuration and asks nobody", async () => {
    await agent.die();
    expect(await output("node list")).toBe(
      `NODE  ADDRESS${" ".repeat(agent.address.length - 5)}DEFAULT\nrift  ${agent.address}  yes\n`,
    );
    expect(JSON.parse(await output("node list --json"))).toEqual({
      nodes: [{ name: "rift", address: agent.address, isDefault: true }],
    });
  });

  it("status shows the node that is named", async () => {
    await answerWith({
      nodeStatus: () => ({
        node: {
          name: "rift",
          agentVersion: "0.1.0",
          os: "Debian 12",
          cpus: 2,
          runtimes: [{ kinds: ["container"], ok: true, version: "podman 4.3.1", store: "/s" }],
        },
      }),
    });
    const shown = await output("node status");
    expect(shown).toContain("rift\n  system    Debian 12, up an unknown time\n");
    expect(shown.endsWith("container  ok, podman 4.3.1, store /s\n")).toBe(true);
    expect(await output("node status rift")).toBe(shown);
    expect(await output("node status --node rift")).toBe(shown);
    expect(JSON.parse(await output("node status --json"))).toMatchObject({
      name: "rift",
      cpus: 2,
      load: 0,
      disks: [],
    });
    expect(await cli.run("node status rft")).toEqual({
      stdout: "",
      stderr: `error: there is no node rft in ${cli.home}/.config/mcp/mcp.toml [node_not_found]\n  → did you mean rift?\n`,
      exit: 4,
    });
  });
});

describe("mcp doctor", () => {
  it("says what is wrong, and fails only if something is", async () => {
    await answerWith({
      doctor: () => ({
        checks: [{ name: "podman", outcome: 2, text: "no memory limits", hint: "see: mcp node status" }],
      }),
    });
    expect(await output("doctor")).toBe(
      "! podman: no memory limits\n    → see: mcp node status\n1 warning\n",
    );
    await answerWith({
      doctor: () => ({ checks: [{ name: "database", outcome: 3, text: "it is read-only" }] }),
    });
    expect(await cli.run("doctor")).toEqual({
      stdout: "✗ database: it is read-only\n1 failed\n",
      stderr: "",
      exit: 6,
    });
    const json = await cli.run("doctor --json");
    expect(json.exit).toBe(6);
    expect(JSON.parse(json.stdout)).toEqual({
      checks: [{ name: "database", outcome: "failed", text: "it is read-only", hint: "" }],
    });
  });
});
