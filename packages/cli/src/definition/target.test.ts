import { describe, expect, it } from "vitest";
import { parseService, parseTarget, printTarget } from "./target.ts";

describe("what a command is about", () => {
  it("is a service, or a component of it", () => {
    expect(parseTarget("hello")).toEqual({ service: "hello" });
    expect(parseTarget("hello/web-1")).toEqual({ service: "hello", component: "web-1" });
    expect(printTarget(parseTarget("hello/web-1"))).toBe("hello/web-1");
    expect(parseService("hello")).toBe("hello");
  });

  it.each([
    "",
    "/",
    "..",
    "../x",
    "../../etc/passwd",
    "hello/",
    "/web",
    "hello/../x",
    "hello/web/x",
    "Hello",
    "a_b",
    "-a",
    "a-",
    "a b",
    "a;b",
    "a\nb",
    "a\0",
    "hеllo",
    "x".repeat(64),
    "~",
    "--help",
  ])("is not %j", (text) => {
    expect(() => parseTarget(text)).toThrow(
      expect.objectContaining({
        code: "usage",
        message: `${JSON.stringify(text)} does not name a service`,
      }),
    );
  });

  it("is a whole service where only that can be meant", () => {
    expect(() => parseService("hello/web")).toThrow(
      expect.objectContaining({
        code: "usage",
        message: "this works on whole services, and hello/web names a component",
        hint: "leave the component away: hello",
      }),
    );
  });
});
