import { describe, expect, it } from "vitest";
import { historyReport, showReport } from "../reports/service-reports.ts";
import { plain } from "../terminal/style.ts";
import { historyView, showView } from "./history-view.ts";

const nowMs = Date.parse("2026-01-02T12:00:00Z");
const text = (...lines: string[]) => lines.join("\n");

describe("the revisions of a service", () => {
  it("come newest first", () => {
    const report = historyReport("hello", {
      revisions: [
        {
          number: "1",
          state: "STATE_EARLIER",
          origin: "deploy",
          createdAt: "2026-01-01T12:00:00Z",
          components: [{ image: "a:1" }, { image: "a:1" }, { image: "b:1" }],
        },
        { number: "2", state: "STATE_CURRENT", origin: "rollback to 1", createdAt: "2026-01-02T11:00:00Z" },
      ],
    });
    expect(historyView(report, nowMs, plain)).toBe(
      text(
        "REVISION  STATE    MADE BY        AGE  IMAGES",
        "r2        current  rollback to 1  1h   -",
        "r1        earlier  deploy         1d   a:1, b:1",
      ),
    );
    expect(historyView({ service: "hello", revisions: [] }, nowMs, plain)).toBe("hello has no revisions");
  });

  it("are shown as a definition that can be deployed", () => {
    const report = showReport({
      service: { name: "hello" },
      revision: { number: "2", state: "STATE_CURRENT", origin: "deploy", createdAt: "2026-01-02T11:00:00Z" },
      toml: 'name = "hello"\n\n',
    });
    expect(showView(report, nowMs, plain)).toBe(
      text("# hello r2 (current), made by deploy, 1h ago", 'name = "hello"'),
    );
  });
});
