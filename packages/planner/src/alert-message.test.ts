import { describe, expect, it } from "vitest";
import { type AlertMessage, summaryOf } from "./alert-message.ts";

describe("the title of a summary", () => {
  const message = (state: AlertMessage["state"]): AlertMessage => ({
    state,
    code: "unhealthy",
    severity: "critical",
    service: "s",
    component: "c",
    subject: "",
    title: "s/c is unhealthy",
    text: "",
    hint: "",
    atMs: 0,
    of: [],
  });
  const titleOf = (...states: AlertMessage["state"][]) => summaryOf(states.map(message), 0).title;

  it("counts each kind, in words that agree with the number", () => {
    expect(titleOf("firing", "flapping", "recovered")).toBe("1 thing is wrong, 1 comes and goes, 1 is over");
    expect(titleOf("firing", "firing", "flapping", "flapping", "recovered", "recovered")).toBe(
      "2 things are wrong, 2 come and go, 2 are over",
    );
  });

  it("does not say that what is over is so: not `recovered: s/c is unhealthy`", () => {
    expect(summaryOf([message("firing"), message("recovered")], 0).text.split("\n")[1]).toBe(
      "over: s/c is unhealthy",
    );
  });
});
