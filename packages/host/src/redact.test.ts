import { describe, expect, it } from "vitest";
import { redact } from "./redact.ts";

describe("redacting for the log", () => {
  it.each([
    "token",
    "accessToken",
    "password",
    "client_secret",
    "authorization",
    "X-Registry-Auth",
    "secrets",
  ])("hides what stands under %s, at any depth", (key) => {
    const shown = JSON.stringify(redact({ request: [{ headers: { [key]: "hunter2hunter2" } }] }));
    expect(shown).not.toContain("hunter2");
    expect(shown).toContain("[redacted]");
  });

  it("leaves alone what only sounds like a secret", () => {
    expect(redact({ token_path: "/etc/token", secretary: "Ann" })).toEqual({
      token_path: "/etc/token",
      secretary: "Ann",
    });
  });

  it("hides credentials inside text", () => {
    expect(redact("GET https://ann:hunter2@example.net/v2/ with Bearer abcdef123456")).toBe(
      "GET https://ann:[redacted]@example.net/v2/ with Bearer [redacted]",
    );
  });

  it("keeps the message, code and cause of an error", () => {
    const error = Object.assign(new Error("no", { cause: new Error("why") }), { code: "port_taken" });
    expect(redact(error)).toMatchObject({
      name: "Error",
      message: "no",
      code: "port_taken",
      cause: { message: "why" },
    });
  });

  it("survives circles and depth", () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(redact(circle)).toEqual({ self: "[circular]" });
    const deep = { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } };
    expect(JSON.stringify(redact(deep))).toContain("[deeper]");
  });
});
