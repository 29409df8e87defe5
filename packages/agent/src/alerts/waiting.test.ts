import type { AlertMessage } from "@mcp/planner";
import { describe, expect, it } from "vitest";
import { nextOf, surplusOf, type Waiting } from "./waiting.ts";

const waiting = (subject: string, state: AlertMessage["state"] = "firing", tries = 0): Waiting => ({
  delivery: {
    alert: {
      node: "rift",
      message: {
        state,
        code: "disk_filling",
        service: "",
        component: "",
        subject,
        severity: "critical",
        title: "",
        text: "",
        hint: "",
        atMs: 0,
        of: [],
      },
    },
    end: async () => {},
  },
  sinceMs: 0,
  tries,
});

describe("what is tried next", () => {
  it("is the oldest, until it has failed four times and another has not", () => {
    const [tried, refused, other] = [waiting("a", "firing", 3), waiting("a", "firing", 4), waiting("b")];
    expect(nextOf([tried, other])).toBe(tried);
    expect(nextOf([refused, other])).toBe(other);
    expect(nextOf([refused, waiting("b", "firing", 4)])).toBe(refused);
    expect(nextOf([])).toBeUndefined();
  });

  it("is never the end of what was not told yet", () => {
    const begin = waiting("a", "firing", 9);
    expect(nextOf([begin, waiting("a", "recovered")])).toBe(begin);
  });
});

describe("what is given up first", () => {
  it("is the oldest that is over, with its end", () => {
    const [begin, end] = [waiting("b"), waiting("b", "recovered")];
    expect(surplusOf([waiting("a"), begin, waiting("c"), end, waiting("c", "recovered")])).toEqual([
      begin,
      end,
    ]);
  });

  it("is the oldest where nothing is over", () => {
    const oldest = waiting("a", "recovered");
    expect(surplusOf([oldest, waiting("b"), waiting("a")])).toEqual([oldest]);
  });
});
