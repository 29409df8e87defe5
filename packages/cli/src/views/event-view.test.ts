import { describe, expect, it } from "vitest";
import type { EventReport } from "../reports/status-report.ts";
import { coloured, plain } from "../terminal/style.ts";
import { eventView } from "./event-view.ts";

const event = (more: Partial<EventReport>): EventReport => ({
  id: 1,
  at: "2026-01-02T11:00:00.123Z",
  service: "hello",
  component: "web",
  kind: "restarted",
  text: "hello-web.k3f9q was restarted (1st time)",
  drift: "",
  ...more,
});

describe("events", () => {
  it("are a line each, in columns: time, what it is about, kind, text", () => {
    const events = [
      event({}),
      event({
        at: "2026-01-02T11:00:01Z",
        component: "",
        kind: "deployed",
        text: "hello: revision 2 is current",
      }),
      event({ service: "", component: "", kind: "agent_started", text: "agent 1.2.3 started" }),
    ];
    expect(events.map(eventView(plain, events))).toEqual([
      "2026-01-02T11:00:00Z  hello/web  restarted      hello-web.k3f9q was restarted (1st time)",
      "2026-01-02T11:00:01Z  hello      deployed       hello: revision 2 is current",
      "2026-01-02T11:00:00Z  -          agent_started  agent 1.2.3 started",
    ]);
  });

  it("of drift say of which kind it is, until it is over", () => {
    const events = [
      event({ kind: "observed", drift: "missing", text: "web: its runtime no longer knows it" }),
      event({ kind: "observed", text: "web is running" }),
    ];
    expect(events.map(eventView(plain, events))).toEqual([
      "2026-01-02T11:00:00Z  hello/web  observed: missing  web: its runtime no longer knows it",
      "2026-01-02T11:00:00Z  hello/web  observed           web is running",
    ]);
  });

  it("that come later may need more room", () => {
    const show = eventView(plain, [event({ service: "a", component: "", kind: "started", text: "x" })]);
    expect(show(event({ service: "a", component: "", kind: "started", text: "x" }))).toBe(
      "2026-01-02T11:00:00Z  a  started  x",
    );
    expect(show(event({ text: "y" }))).toBe("2026-01-02T11:00:00Z  hello/web  restarted  y");
    expect(show(event({ service: "a", component: "", kind: "started", text: "z" }))).toBe(
      "2026-01-02T11:00:00Z  a          started    z",
    );
  });

  it("have the kind in a colour that says how bad it is, and cannot add any of their own", () => {
    const show = eventView(coloured);
    expect(show(event({ kind: "crash_loop", text: "\u001b[2Jgone\nnext" }))).toBe(
      "\u001b[2m2026-01-02T11:00:00Z\u001b[22m  hello/web  \u001b[31mcrash_loop\u001b[39m  \\x1b[2Jgone\\nnext",
    );
  });
});
