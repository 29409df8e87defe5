import { describe, expect, it } from "vitest";
import { ago, at } from "./agent.ts";
import { rig } from "./rig.ts";

const mcp = rig();

const web = { name: "web", knownName: "hello-web", runtime: "container", image: "hello:2", desired: 1 };
const hello = { name: "hello", desired: 1, revision: 3n, deployedAt: at(0), components: [web] };

describe("mcp list", () => {
  it("shows the services, and as JSON with every key", async () => {
    await mcp.answerWith({ listServices: () => ({ services: [{ ...hello, deployedAt: ago(200_000) }] }) });
    expect(await mcp.output("list")).toBe(
      "SERVICE  WANTED   REVISION  COMPONENTS  DEPLOYED\nhello    running  r3        web         3m\n",
    );
    await mcp.answerWith({ listServices: () => ({ services: [hello, { name: "new" }] }) });
    expect(JSON.parse(await mcp.output("list --json"))).toEqual({
      services: [
        {
          name: "hello",
          desired: "running",
          isInactive: false,
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
          isInactive: false,
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
    await mcp.answerWith({
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
    expect(await mcp.output("ps")).toBe(shown);
    // What is on standard input is somebody else's, such as the rest of a script.
    expect((await mcp.cli.run("ps", { input: "mail\n" })).stdout).toBe(shown);
    expect(await mcp.output("ps hello")).toBe(shown);
    expect(await mcp.output("ps --wide")).toContain("REVISION  MEMORY  CPU  ADDRESS  IMAGE\n");
    expect(asked).toEqual([
      ["", false],
      ["", false],
      ["hello", false],
      ["", true],
    ]);
    expect(JSON.parse(await mcp.output("ps --json"))).toEqual({
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
    await mcp.answerWith({
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
    expect(await mcp.output("status hello")).toBe(
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
    expect(JSON.parse(await mcp.output("status --json"))).toMatchObject({
      node: "rift",
      services: [
        {
          service: { name: "hello", revision: 3 },
          runningOperation: null,
          runningOperationKind: null,
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
    await mcp.answerWith({
      status: () => ({ services: [{ service: hello, components: [{ name: "web", observed: 1 }] }] }),
    });
    const green = "\u001b[32mrunning\u001b[39m";
    expect((await mcp.cli.run("status")).stdout).not.toContain("\u001b");
    expect((await mcp.cli.run("status", { env: { FORCE_COLOR: "1" } })).stdout).toContain(green);
    expect((await mcp.cli.onTerminal("status")).stdout).toContain(green);
    expect((await mcp.cli.onTerminal("status", { NO_COLOR: "1" })).stdout).not.toContain("\u001b");
    expect((await mcp.cli.onTerminal("status", { TERM: "dumb" })).stdout).not.toContain("\u001b");
    expect((await mcp.cli.onTerminal("status --json")).stdout).not.toContain("\u001b");
  });
});
