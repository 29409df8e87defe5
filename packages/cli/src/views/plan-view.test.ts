import { describe, expect, it } from "vitest";
import { planReport } from "../reports/service-reports.ts";
import { plain } from "../terminal/style.ts";
import { planView } from "./plan-view.ts";

const text = (...lines: string[]) => lines.join("\n");

describe("a plan", () => {
  const report = planReport({
    service: "hello",
    steps: [
      {
        number: 1,
        action: "pull",
        component: "web",
        subject: "localhost:5000/hello:2",
        reason: "the image is not here",
      },
      {
        number: 2,
        action: "stop",
        component: "web",
        instance: "hello-web-1",
        reason: "its image changed",
        after: [1],
      },
      {
        number: 3,
        action: "start",
        component: "web",
        instance: "hello-web-2",
        reason: "its image changed",
        after: [1, 2],
      },
      {
        number: 4,
        action: "stand",
        component: "web",
        instance: "hello-web-2",
        reason: "a start is proved by staying up",
      },
      { number: 5, action: "accept", subject: "revision 4", reason: "all of it runs" },
      {
        number: 6,
        action: "remove",
        component: "web",
        instance: "hello-web-1",
        reason: "another took its place",
      },
    ],
    notes: ["localhost:5000/hello:2 has new content under the same tag"],
    blocked: ["podman does not answer"],
  });

  it("gives each step its reason", () => {
    expect(planView(report, plain, false)).toBe(
      text(
        "hello: 6 steps",
        "  1.  pull localhost:5000/hello:2  the image is not here",
        "  2.  stop web                     its image changed",
        "  3.  start web                    its image changed",
        "  4.  see that web stays up        a start is proved by staying up",
        "  5.  accept revision 4            all of it runs",
        "  6.  remove hello-web-1           another took its place",
        "note: localhost:5000/hello:2 has new content under the same tag",
        "blocked: podman does not answer",
      ),
    );
  });

  it("tells more when asked, and no name that a new instance will not have", () => {
    expect(planView(report, plain, true).split("\n").slice(2, 4)).toEqual([
      "  2.  stop web                     its image changed                hello-web-1  after 1",
      "  3.  start web                    its image changed                             after 1, 2",
    ]);
  });

  it("may have nothing to do", () => {
    expect(planView(planReport({ service: "hello" }), plain, false)).toBe(
      "hello is as it should be; nothing to do",
    );
    const unknown = planReport({ service: "hello", blocked: ["podman does not answer"] });
    expect(planView(unknown, plain, false)).toBe(
      text("hello: nothing can be done now", "blocked: podman does not answer"),
    );
  });

  it("says of what has a health check that it is waited for", () => {
    const step = {
      number: 1,
      action: "stand",
      component: "db",
      untilHealthy: true,
      reason: "it must become healthy",
    };
    expect(planView(planReport({ service: "hello", steps: [step] }), plain, false)).toBe(
      text("hello: 1 step", "  1.  wait until db is healthy  it must become healthy"),
    );
  });
});
