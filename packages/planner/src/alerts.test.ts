import { describe, expect, it } from "vitest";
import { conditions, keyOf, Story, settings } from "../test/alerts/story.ts";
import type { AlertMemory } from "./alert-memory.ts";
import { decideAlerts } from "./alerts.ts";
import type { Condition } from "./condition.ts";

const critical = 0;
const warning = 1;
const begin = (which: number) => ({ do: "begin", which }) as const;
const end = (which: number) => ({ do: "end", which }) as const;
const wait = (ms: number) => ({ do: "wait", ms }) as const;
const restart = (afterMs: number) => ({ do: "restart", afterMs, jumpMs: 0 }) as const;
const told = (story: Story) => story.sent.map(({ message }) => `${message.state}: ${message.title}`);

describe("an alert", () => {
  it("of something critical is told at once, of a warning when it has lasted ten seconds", () => {
    const story = new Story().tell([begin(critical), begin(warning), wait(2_500)]);
    expect(told(story)).toEqual(["firing: s0/c0 is unhealthy"]);
    expect(told(story.wait(10_000))).toEqual(["firing: s0/c0 is unhealthy", "firing: s1/c1 is unhealthy"]);
  });

  it("says what to type, and its end how long it lasted", () => {
    const story = new Story().tell([begin(critical), wait(90_000), end(critical), wait(3_000)]);
    expect(story.sent.map(({ message }) => message)).toMatchObject([
      { state: "firing", code: "unhealthy", severity: "critical", hint: "mcp status s0" },
      { state: "recovered", text: "It is over, after 1m30s.", hint: "", lastedMs: 90_000 },
    ]);
  });

  it("is repeated when the cooldown is over, with how long it has been so", () => {
    const story = new Story().tell([begin(critical), wait(settings.cooldownMs + 10_000)]);
    expect(story.sent.map(({ message }) => message.text)).toEqual([
      "it does not answer",
      "It has been so for 1h4s. It does not answer.",
    ]);
  });

  it("of many things at once is one message, the worst first", () => {
    const story = new Story().tell(conditions.map((_, which) => begin(which))).wait(15_000);
    expect(told(story)).toEqual([
      "firing: s0/c0 is unhealthy",
      "firing: s0/c3 is unhealthy",
      "firing: s0/c6 is unhealthy",
      "summary: 6 things are wrong",
    ]);
    const summaryAtMs = story.sent.at(-1)?.atMs ?? 0;
    story.endAll().wait(120_000);
    // More was to be expected.
    expect(story.sent.at(-1)?.atMs).toBe(summaryAtMs + 60_000);
    expect(story.sent.at(-1)?.message).toMatchObject({
      state: "summary",
      title: "9 are over",
      hint: "",
      code: "several",
    });
  });

  it("of what comes and goes is told as flapping once, and as over when it has kept still", () => {
    const story = new Story();
    for (let times = 0; times < 20; times++)
      story.tell([begin(critical), wait(12_000), end(critical), wait(12_000)]);
    const before = [
      "firing",
      "recovered",
      "firing",
      "recovered",
      "firing",
      "recovered",
      "firing",
      "recovered",
      "firing",
      "recovered",
      "flapping",
    ];
    expect(story.sent.map(({ message }) => message.state)).toEqual(before);
    story.wait(settings.flapWindowMs);
    expect(story.sent.map(({ message }) => message.state)).toEqual([...before, "recovered"]);
  });

  it("of what is over for a moment goes on, and its end says how long it lasted in all", () => {
    const story = new Story().tell([
      begin(critical),
      wait(60_000),
      end(critical),
      wait(1_000),
      begin(critical),
    ]);
    story.tell([wait(59_000), end(critical), wait(3_000)]);
    expect(story.sent.map(({ message }) => [message.state, message.lastedMs])).toEqual([
      ["firing", undefined],
      ["recovered", 120_000],
    ]);
  });

  it("of what flaps too fast to be told each time is told all the same", () => {
    const story = new Story();
    for (let times = 0; times < 8; times++)
      story.tell([begin(warning), wait(1_500), end(warning), wait(8_000)]);
    expect(story.sent.map(({ message }) => message.state)).toEqual(["flapping"]);
  });

  it("is not told to be over by an agent that has not looked yet, and once by one that has", () => {
    const story = new Story().tell([begin(critical), wait(5_000)]);
    story.wrong.clear();
    story.tell([restart(700_000)]);
    expect(told(story)).toEqual(["firing: s0/c0 is unhealthy"]);
    story
      .wait(5_000)
      .tell([restart(1_000)])
      .wait(5_000);
    expect(told(story)).toEqual(["firing: s0/c0 is unhealthy", "recovered: s0/c0 is unhealthy"]);
  });

  it("is not repeated by an agent that was killed", () => {
    const story = new Story().tell([begin(critical), wait(5_000), restart(3_000), wait(60_000)]);
    expect(story.of(keyOf(conditions[critical] as never))).toHaveLength(1);
  });
});

describe("a warning", () => {
  const disk = (severity: Condition["severity"]): Condition => ({
    code: "disk_filling",
    service: "",
    component: "",
    subject: "/srv",
    severity,
    title: "the disk of /srv is filling",
    text: "",
    hint: "",
  });

  it("that becomes critical is told again at once, and not again when it changes back and forth", () => {
    let memory: AlertMemory = { entries: [] };
    const told: string[] = [];
    for (let second = 0; second < 600; second++) {
      const severity = second > 60 && Math.floor(second / 30) % 2 === 0 ? "critical" : "warning";
      const decision = decideAlerts(
        {
          findings: [{ finder: "node", condition: disk(severity) }],
          reported: new Set(["node"]),
          unsettled: new Set(),
        },
        memory,
        settings,
        { nowMs: second * 1_000, sinceLastMs: 1_000 },
      );
      memory = decision.memory;
      told.push(...decision.messages.map((message) => `${second}: ${message.severity}`));
    }
    expect(told).toEqual(["12: warning", "63: critical"]);
  });
});

describe("what cannot be seen", () => {
  const about = { service: "hello", component: "web", subject: "", text: "", hint: "" };
  const crashing: Condition = { ...about, code: "crash_looping", severity: "critical", title: "it crashes" };
  const unknown: Condition = { ...about, code: "unknown", severity: "warning", title: "it is unknown" };
  const lost: Condition = {
    ...about,
    service: "",
    component: "",
    code: "runtime_lost",
    severity: "critical",
    title: "podman is lost",
  };

  /** What is told, with each of these found for a minute; looked at every second. */
  function tellOf(...minutes: readonly (readonly Condition[])[]): string[] {
    let memory: AlertMemory = { entries: [] };
    const lines: string[] = [];
    for (let second = 0; second < minutes.length * 60; second++) {
      const findings = (minutes[Math.floor(second / 60)] ?? []).map((condition) => ({
        finder: condition.service === "" ? "runtimes" : "service hello",
        condition,
      }));
      const decision = decideAlerts(
        {
          findings,
          reported: new Set(["runtimes", "service hello"]),
          unsettled: new Set(
            findings.some(({ condition }) => condition.code === "unknown") ? ["hello/web"] : [],
          ),
        },
        memory,
        settings,
        { nowMs: second * 1_000, sinceLastMs: 1_000 },
      );
      memory = decision.memory;
      lines.push(...decision.messages.map(({ state, title }) => `${state}: ${title}`));
    }
    return lines;
  }

  it("is told with what was wrong before, which is not over for that", () => {
    expect(tellOf([crashing], [unknown], [crashing], [])).toEqual([
      "firing: it crashes",
      "firing: it is unknown",
      "recovered: it is unknown",
      "recovered: it crashes",
    ]);
    expect(tellOf([crashing], [unknown], [])).toEqual([
      "firing: it crashes",
      "firing: it is unknown",
      "recovered: it crashes",
      "recovered: it is unknown",
    ]);
  });

  it("because its runtime is lost is not told beside that", () => {
    expect(tellOf([unknown, lost], [])).toEqual(["firing: podman is lost", "recovered: podman is lost"]);
  });

  it("still, though its runtime is back, is told", () => {
    expect(tellOf([unknown, lost], [unknown], [])).toEqual([
      "firing: podman is lost",
      "recovered: podman is lost",
      "firing: it is unknown",
      "recovered: it is unknown",
    ]);
  });
});
