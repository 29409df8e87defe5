import type { ComponentStatusJson } from "@mcp/client";
import { describe, expect, it } from "vitest";
import { statusReport } from "../reports/status-report.ts";
import { coloured, plain } from "../terminal/style.ts";
import { statusView } from "./status-view.ts";

const nowMs = Date.parse("2026-01-02T12:00:00Z");
const text = (...lines: string[]) => lines.join("\n");

describe("mcp status", () => {
  it("shows what should be, what is, what differs and what happened", () => {
    const report = statusReport({
      node: "rift",
      services: [
        {
          service: { name: "hello", revision: "3", desired: "DESIRED_STATE_RUNNING" },
          runningOperation: "op-1",
          components: [
            {
              name: "web",
              desired: "DESIRED_STATE_RUNNING",
              observed: "OBSERVED_STATE_RUNNING",
              since: "2026-01-02T11:57:00Z",
            },
            {
              name: "db",
              desired: "DESIRED_STATE_RUNNING",
              observed: "OBSERVED_STATE_EXITED",
              since: "2026-01-02T11:59:50Z",
              restarts: 2,
              lastExitCode: 1,
              drift: [{ kind: "exited", text: "it ended with 1" }],
            },
          ],
        },
      ],
      recentEvents: [
        {
          id: "9",
          at: "2026-01-02T11:59:50Z",
          service: "hello",
          component: "db",
          kind: "exited",
          text: "db ended with 1",
        },
        { id: "8", at: "2026-01-02T09:00:00Z", service: "hello", kind: "deployed" },
      ],
      unmanaged: [
        { instance: "old-web", service: "old", component: "web", observed: "OBSERVED_STATE_RUNNING" },
      ],
    });
    expect(statusView(report, nowMs, plain)).toBe(
      text(
        "SERVICE  REVISION  COMPONENT  WANTED   IS          SINCE  RESTARTS",
        "hello    r3        web        running  running     3m     0",
        "hello    r3        db         running  exited (1)  10s    2",
        "hello is being changed at this moment",
        "",
        "differs",
        "  hello/db  exited  it ended with 1",
        "",
        "unmanaged",
        "  old-web  running  labelled old/web, but this agent did not start it",
        "",
        "recent events",
        "  10s  hello/db  db ended with 1",
        "  3h   hello     deployed",
      ),
    );
  });

  it("says who changes a service: somebody, or the agent itself", () => {
    const one = (name: string, runningOperationKind: string) => ({
      service: { name },
      runningOperation: "op-1",
      runningOperationKind,
    });
    const services = [one("a", "repair"), one("b", "restart"), one("c", "")];
    const lines = statusView(statusReport({ services }), nowMs, plain).split("\n");
    expect(lines.filter((line) => line.includes("at this moment"))).toEqual([
      "a is being put right by the agent at this moment",
      "b is being changed at this moment",
      "c is being changed at this moment",
    ]);
  });

  it("lists what is not ours apart, with how many more there are", () => {
    const report = statusReport({
      node: "rift",
      strangers: [
        { name: "registry", what: "container", state: "running", image: "docker.io/library/registry:2" },
        { name: "notes", what: "folder in /srv/mcp/vm-state/" },
      ],
      strangerCount: 12,
    });
    expect(statusView(report, nowMs, plain)).toBe(
      text(
        "no services on rift",
        "",
        "not ours, and never touched",
        "  registry     running  container of docker.io/library/registry:2",
        "  notes                 folder in /srv/mcp/vm-state/",
        "  and 10 more",
      ),
    );
  });

  it("says why what has active = false is stopped, and how it is started, until it is", () => {
    const shown = (desired: "DESIRED_STATE_STOPPED" | "DESIRED_STATE_RUNNING") =>
      statusView(
        statusReport({
          services: [
            {
              service: { name: "hello", revision: "1", desired, inactive: true },
              components: [{ name: "web", desired, observed: "OBSERVED_STATE_STOPPED" }],
            },
          ],
        }),
        nowMs,
        plain,
      );
    expect(shown("DESIRED_STATE_STOPPED")).toBe(
      text(
        "SERVICE  REVISION  COMPONENT  WANTED   IS       SINCE  RESTARTS",
        "hello    r1        web        stopped  stopped  -      0",
        "hello is stopped by its definition (active = false); start it with: mcp start hello",
      ),
    );
    expect(shown("DESIRED_STATE_RUNNING")).not.toContain("active");
  });

  it("says what the checks of what is not healthy met", () => {
    const report = statusReport({
      services: [
        {
          service: { name: "shop", revision: "1" },
          components: [
            {
              name: "web",
              desired: "DESIRED_STATE_RUNNING",
              observed: "OBSERVED_STATE_STARTING",
              health: { state: "starting", since: "2026-01-02T11:59:00Z", text: "GET / answered 503" },
            },
            {
              name: "db",
              desired: "DESIRED_STATE_RUNNING",
              observed: "OBSERVED_STATE_UNHEALTHY",
              health: { state: "unhealthy", text: "pg_isready exited with code 2" },
              drift: [{ kind: "unhealthy", text: "pg_isready exited with code 2" }],
            },
          ],
        },
      ],
    });
    expect(statusView(report, nowMs, plain)).toBe(
      text(
        "SERVICE  REVISION  COMPONENT  WANTED   IS         SINCE  RESTARTS",
        "shop     r1        web        running  starting   -      0",
        "shop     r1        db         running  unhealthy  -      0",
        "",
        "differs",
        "  shop/db  unhealthy  pg_isready exited with code 2",
        "",
        "not healthy yet",
        "  shop/web  GET / answered 503",
      ),
    );
    expect(report.services[0]?.components.map(({ health }) => health)).toEqual([
      { state: "starting", since: "2026-01-02T11:59:00Z", text: "GET / answered 503" },
      { state: "unhealthy", since: null, text: "pg_isready exited with code 2" },
    ]);
  });

  it("shows what is used by whom, and the kinds, where a virtual machine is among them", () => {
    const running = { desired: "DESIRED_STATE_RUNNING", observed: "OBSERVED_STATE_RUNNING" } as const;
    const report = statusReport({
      services: [
        {
          service: { name: "hello", revision: "3" },
          components: [
            { ...running, name: "box", runtime: "container" },
            {
              ...running,
              name: "vm",
              runtime: "microvm",
              memoryBytes: String(230 * 1024 ** 2),
              cpuCores: 0.04,
            },
          ],
        },
      ],
    });
    expect(statusView(report, nowMs, plain)).toBe(
      text(
        "SERVICE  REVISION  COMPONENT  WANTED   IS       SINCE  RESTARTS  RUNTIME    MEMORY   CPU",
        "hello    r3        box        running  running  -      0         container  -        -",
        "hello    r3        vm         running  running  -      0         microvm    230 MiB  0.04",
      ),
    );
  });

  it("shows where a virtual machine on a bridge is reached", () => {
    const running = { desired: "DESIRED_STATE_RUNNING", observed: "OBSERVED_STATE_RUNNING" } as const;
    const report = statusReport({
      services: [
        {
          service: { name: "hello", revision: "3" },
          components: [
            { name: "box", ...running, runtime: "container" },
            { name: "vm", ...running, runtime: "unikernel", address: "10.99.0.2" },
          ],
        },
      ],
    });
    expect(statusView(report, nowMs, plain)).toBe(
      text(
        "SERVICE  REVISION  COMPONENT  WANTED   IS       SINCE  RESTARTS  RUNTIME    MEMORY  CPU  ADDRESS",
        "hello    r3        box        running  running  -      0         container  -       -    -",
        "hello    r3        vm         running  running  -      0         unikernel  -       -    10.99.0.2",
      ),
    );
  });

  it("says of a crash loop how it ends, how often it has, and when it is tried again", () => {
    const component = {
      name: "web",
      desired: "DESIRED_STATE_RUNNING",
      observed: "OBSERVED_STATE_CRASH_LOOPING",
      since: "2026-01-02T11:59:50Z",
      restarts: 9,
      lastExitCode: 7,
      drift: [
        { kind: "crash_looping", text: "it exited with code 7, 9 times in a row soon after its start" },
      ],
      nextTryAt: "2026-01-02T12:02:05Z",
      quickEnds: 9,
    } satisfies ComponentStatusJson;
    const report = statusReport({
      services: [{ service: { name: "hello", revision: "3" }, components: [component] }],
    });
    expect(report.services[0]?.components[0]).toMatchObject({
      observed: "crash-looping",
      nextTryAt: "2026-01-02T12:02:05Z",
      quickEnds: 9,
    });
    const why = "it exited with code 7, 9 times in a row soon after its start";
    expect(statusView(report, nowMs, plain)).toBe(
      text(
        "SERVICE  REVISION  COMPONENT  WANTED   IS                 SINCE  RESTARTS",
        "hello    r3        web        running  crash-looping (7)  10s    9",
        "",
        "differs",
        `  hello/web  crash looping  ${why}; next try in 2m05s`,
      ),
    );
    expect(statusView(report, Date.parse("2026-01-02T12:02:01.5Z"), plain)).toContain("next try in 4s");
    expect(statusView(report, Date.parse("2026-01-02T12:02:06Z"), plain)).toContain("next try now");
  });

  it("says that there is nothing", () => {
    expect(statusView(statusReport({ node: "rift" }), nowMs, plain)).toBe("no services on rift");
  });

  it("paints states by what they mean", () => {
    const report = statusReport({
      services: [
        { service: { name: "a" }, components: [{ name: "b", observed: "OBSERVED_STATE_CRASH_LOOPING" }] },
      ],
    });
    expect(statusView(report, nowMs, coloured)).toContain("\u001b[31mcrash-looping\u001b[39m");
  });
});
