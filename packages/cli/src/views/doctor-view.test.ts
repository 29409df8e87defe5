import { describe, expect, it } from "vitest";
import { plain } from "../terminal/style.ts";
import { doctorView } from "./doctor-view.ts";

const text = (...lines: string[]) => lines.join("\n");

describe("mcp doctor", () => {
  const check = (outcome: string, hint = "") => ({ name: "podman", outcome, text: "what was found", hint });
  it("gives each check a mark and what to type, and counts", () => {
    const checks = [
      check("ok"),
      check("warning", "apt-get install x"),
      check("failed", "systemctl start podman"),
      check("odd"),
    ];
    expect(doctorView({ checks }, plain)).toBe(
      text(
        "✓ podman: what was found",
        "! podman: what was found",
        "    → apt-get install x",
        "✗ podman: what was found",
        "    → systemctl start podman",
        "? podman: what was found",
        "1 failed, 1 warning",
      ),
    );
    expect(doctorView({ checks: [check("ok")] }, plain)).toBe("✓ podman: what was found\nall is well");
  });
});
