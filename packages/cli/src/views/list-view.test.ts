import { describe, expect, it } from "vitest";
import { listReport } from "../reports/service-reports.ts";
import { plain } from "../terminal/style.ts";
import { listView } from "./list-view.ts";

const nowMs = Date.parse("2026-01-02T12:00:00Z");
const text = (...lines: string[]) => lines.join("\n");

describe("mcp list", () => {
  it("shows each service with what is wanted of it", () => {
    const report = listReport({
      services: [
        {
          name: "hello",
          desired: "DESIRED_STATE_RUNNING",
          revision: "3",
          candidateRevision: "4",
          deployedAt: "2026-01-02T11:57:00Z",
          components: [{ name: "web" }, { name: "db" }],
        },
        { name: "mail-archive", desired: "DESIRED_STATE_STOPPED", revision: "12" },
      ],
    });
    expect(listView(report, nowMs, plain)).toBe(
      text(
        "SERVICE       WANTED   REVISION        COMPONENTS  DEPLOYED",
        "hello         running  r3 (trying r4)  web, db     3m",
        "mail-archive  stopped  r12             -           -",
      ),
    );
  });

  it("says how to begin where there are none", () => {
    expect(listView({ services: [] }, nowMs, plain)).toBe(
      "there are no services yet; begin with: mcp deploy --file hello.toml",
    );
  });
});
