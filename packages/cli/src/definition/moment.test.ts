import { describe, expect, it } from "vitest";
import { parseMoment, parseRevision } from "./moment.ts";

const nowMs = Date.parse("2026-01-02T12:00:00Z");

describe("a time to begin at", () => {
  it.each([
    ["10m", "2026-01-02T11:50:00.000Z"],
    ["1h30m", "2026-01-02T10:30:00.000Z"],
    ["2026-01-01", "2026-01-01T00:00:00.000Z"],
    ["2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00.000Z"],
  ])("%s is %s", (text, iso) => {
    expect(parseMoment(text, nowMs)).toBe(iso);
  });

  it.each(["", "soon", "10", "-5m", "2026", "2026-13-45", "999999d"])("is not %j", (text) => {
    expect(() => parseMoment(text, nowMs)).toThrow(
      expect.objectContaining({ code: "usage", message: `${JSON.stringify(text)} is not a time` }),
    );
  });
});

describe("the number of a revision", () => {
  it("may have an r", () => {
    expect([parseRevision("3"), parseRevision("r12")]).toEqual([3, 12]);
  });

  it.each(["", "0", "r0", "-1", "1.5", "three", "1e3", "99999999999"])("is not %j", (text) => {
    expect(() => parseRevision(text)).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
