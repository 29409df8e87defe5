import { describe, expect, it } from "vitest";
import { coloured, plain } from "../terminal/style.ts";
import { logView, successions } from "./log-view.ts";

describe("log lines", () => {
  const line = { at: "2026-01-02T11:00:00.123Z", component: "db", text: "ready" };
  it("have their component before them where there are several", () => {
    const both = logView({ style: plain, components: ["web-1", "db"], hasTimestamps: false });
    expect(both(line)).toBe("db    | ready");
    expect(both({ ...line, component: "web-1", text: "" })).toBe("web-1 | ");
    expect(logView({ style: plain, components: ["db"], hasTimestamps: true })(line)).toBe(
      "2026-01-02T11:00:00.123Z ready",
    );
    expect(logView({ style: plain, components: ["web-1", "db"], hasTimestamps: true })(line)).toBe(
      "2026-01-02T11:00:00.123Z db    | ready",
    );
  });

  it("have a colour for each component", () => {
    const paint = logView({ style: coloured, components: ["web", "db"], hasTimestamps: false });
    expect(paint({ component: "web", text: "x" })).toBe("\u001b[36mweb |\u001b[39m x");
    expect(paint({ component: "db", text: "x" })).toBe("\u001b[35mdb  |\u001b[39m x");
  });

  it("get their component before them once a second one writes", () => {
    const show = logView({ style: plain, components: ["web"], hasTimestamps: false });
    expect(show({ component: "web", text: "one" })).toBe("one");
    expect(show({ component: "cache", text: "two" })).toBe("cache | two");
    expect(show({ component: "web", text: "three" })).toBe("web   | three");
  });
});

describe("an instance that takes over", () => {
  it("is told once, by its first line, and the first of a component never", () => {
    const takesOver = successions();
    const lines = ["web.1", "db.1", "web.1", "web.2", "web.1", "web.2", "db.1"];
    const told = lines.filter((instance) => takesOver({ component: instance.split(".")[0] ?? "", instance }));
    expect(told).toEqual(["web.2"]);
  });
});
