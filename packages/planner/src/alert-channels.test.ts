import { describe, expect, it } from "vitest";
import { type AlertMemory, alertDefaults, type Finding } from "./alert-memory.ts";
import { decideAlerts } from "./alerts.ts";

const finding = (service: string): Finding => ({
  finder: "test",
  condition: {
    code: "unhealthy",
    service,
    component: "web",
    subject: "",
    severity: "critical",
    title: `${service}/web is unhealthy`,
    text: "it does not answer",
    hint: "",
  },
});

/** Decides as often as it takes, with these channels, and tells what went to whom. */
class Teller {
  nowMs = 1_000_000_000;
  #memory: AlertMemory = { entries: [] };
  #sinceLastMs: number | undefined;

  tell(channels: readonly string[], services: readonly string[], forMs = 5_000): string[] {
    const endMs = this.nowMs + forMs;
    const said: string[] = [];
    for (;;) {
      const { messages, memory, wakeAtMs } = decideAlerts(
        { findings: services.map(finding), reported: new Set(["test"]), unsettled: new Set() },
        this.#memory,
        alertDefaults,
        { nowMs: this.nowMs, ...(this.#sinceLastMs !== undefined && { sinceLastMs: this.#sinceLastMs }) },
        channels,
      );
      this.#memory = memory;
      said.push(...messages.map(({ state, title, to }) => `${state} ${title} to ${to?.join() ?? "all"}`));
      const nextMs = Math.min(endMs, wakeAtMs ?? endMs);
      if (nextMs <= this.nowMs) return said;
      this.#sinceLastMs = nextMs - this.nowMs;
      this.nowMs = nextMs;
    }
  }

  /** The agent is started again, with what a database keeps. */
  restart(): this {
    this.#memory = { entries: JSON.parse(JSON.stringify(this.#memory.entries)) };
    this.#sinceLastMs = undefined;
    return this;
  }
}

describe("a channel that is new", () => {
  it("is told of what is wrong now, once, and the others are not told again", () => {
    const teller = new Teller();
    expect(teller.tell(["a"], ["x"])).toEqual(["firing x/web is unhealthy to all"]);
    expect(teller.restart().tell(["a", "b"], ["x"])).toEqual(["firing x/web is unhealthy to b"]);
    expect(teller.restart().tell(["a", "b"], ["x"])).toEqual([]);
    expect(teller.tell(["a", "b"], [])).toEqual(["recovered x/web is unhealthy to all"]);
  });

  it("is told where there was none before", () => {
    const teller = new Teller();
    expect(teller.tell([], ["x"])).toEqual(["firing x/web is unhealthy to all"]);
    expect(teller.restart().tell(["a"], ["x"])).toEqual(["firing x/web is unhealthy to a"]);
  });

  it("does not hear the end of what it has not heard of", () => {
    const teller = new Teller();
    teller.tell(["a"], ["x"]);
    expect(teller.restart().tell(["a", "b"], [])).toEqual(["recovered x/web is unhealthy to a"]);
    expect(teller.tell(["a", "b"], ["x"])).toEqual(["firing x/web is unhealthy to all"]);
  });

  it("does not put off when the others are told again", () => {
    const teller = new Teller();
    teller.tell(["a"], ["x"]);
    teller.restart().tell(["a", "b"], ["x"], alertDefaults.cooldownMs / 2);
    const again = teller.tell(["a", "b"], ["x"], alertDefaults.cooldownMs / 2);
    expect(again).toEqual(["firing x/web is unhealthy to all"]);
  });

  it("is told of many things in one message", () => {
    const services = ["q", "r", "s", "t", "u", "v"];
    const teller = new Teller();
    expect(teller.tell(["a"], services)).toEqual(["summary 6 things are wrong to all"]);
    expect(teller.restart().tell(["a", "b"], services, 70_000)).toEqual(["summary 6 things are wrong to b"]);
  });

  it("is not told apart where an agent of an earlier version has not kept who was told", () => {
    const entry = {
      key: "unhealthy/x/web/",
      ...finding("x"),
      sinceMs: 1_000_000_000,
      toldAtMs: 1_000_000_000,
      beginnings: [],
    };
    const { messages } = decideAlerts(
      { findings: [finding("x")], reported: new Set(["test"]), unsettled: new Set() },
      { entries: [entry] },
      alertDefaults,
      { nowMs: 1_000_010_000 },
      ["a", "b"],
    );
    expect(messages).toEqual([]);
  });
});
