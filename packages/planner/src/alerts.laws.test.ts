import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  conditions,
  type Happening,
  type Heard,
  keyOf,
  Story,
  settings,
  stories,
} from "../test/alerts/story.ts";
import { lawRuns } from "../test/model/tape.ts";
import { gatherAfterSummaryMs, gatherMs, mostMessagesAtOnce } from "./alerts.ts";

const numRuns = Math.ceil(lawRuns / 10);
const timeLimit = { timeout: 120_000 + lawRuns * 20 };
const longMs = settings.flapWindowMs + settings.cooldownMs;

const always = (
  happenings: fc.Arbitrary<Happening[]>,
  law: (happenings: readonly Happening[]) => void,
): void => fc.assert(fc.property(happenings, law), { numRuns });

const anything = stories({ jumpsWhileDown: true });
const states = (heard: readonly Heard[]) => heard.map(({ message }) => message.state);

describe("of alerts it holds that, whatever begins, ends, is killed, and however the clock is set", () => {
  it(
    "each that was told to begin is told to be over once, when it is, and nothing else is told to be over",
    timeLimit,
    () => {
      always(anything, (happenings) => {
        const story = new Story().tell(happenings).endAll().wait(longMs).endAll();
        for (const key of conditions.map(keyOf)) {
          const told = states(story.of(key));
          // Firing and flapping may follow each other; what is over was told to be, and ends the matter.
          for (const [index, state] of told.entries())
            if (state === "recovered") expect(["firing", "flapping"]).toContain(told[index - 1]);
          expect(told.at(-1) ?? "recovered").toBe("recovered");
        }
        expect(story.remembered).toBe(0);
      });
    },
  );

  it("what stays wrong is told", timeLimit, () => {
    always(anything, (happenings) => {
      const story = new Story()
        .tell(happenings)
        .wait(settings.flapWindowMs + gatherAfterSummaryMs + gatherMs);
      for (const which of story.wrong.keys())
        expect(["firing", "flapping"]).toContain(states(story.of(keyOf(conditions[which] as never))).at(-1));
    });
  });

  it("nothing is told to be over that still is, nor to begin that is not there", timeLimit, () => {
    always(anything, (happenings) => {
      const story = new Story();
      let count = 0;
      for (const happening of happenings) {
        story.tell([happening]);
        for (const { message } of story.heard.slice(count)) {
          const which = conditions.findIndex(({ condition }) => condition.component === message.component);
          if (message.state === "firing") expect(story.wrong.has(which)).toBe(true);
          if (message.state === "recovered") expect(story.wrong.has(which)).toBe(false);
        }
        count = story.heard.length;
      }
    });
  });

  it("a warning that heals within 10 s, and does not come back, is never told", timeLimit, () => {
    always(stories({ jumpsWhileDown: false }), (happenings) => {
      const blips = happenings.filter(({ do: what }) => what === "jump" || what === "restart");
      const story = new Story();
      for (const [index, other] of blips.entries()) {
        const which = [1, 2, 4, 5, 7, 8][index % 6] as number;
        story.tell([{ do: "begin", which }]).wait(4_000);
        story.tell([other.do === "restart" ? { ...other, afterMs: 3_000 } : other]);
        story.tell([{ do: "end", which }]).wait(longMs);
      }
      expect(story.heard).toEqual([]);
    });
  });

  it("no more than five messages are sent within two seconds", timeLimit, () => {
    always(anything, (happenings) => {
      const { sent } = new Story().tell(happenings).wait(longMs);
      for (const { atMs, message } of sent) {
        const soon = sent.filter((other) => other.atMs >= atMs && other.atMs < atMs + gatherMs);
        expect(soon.length).toBeLessThanOrEqual(mostMessagesAtOnce);
        if (message.state === "summary") expect(message.of.length).toBeGreaterThan(mostMessagesAtOnce);
      }
    });
  });

  it("after a summary, in one life, nothing is sent for a minute", timeLimit, () => {
    always(anything, (happenings) => {
      const { sent } = new Story().tell(happenings.filter(({ do: what }) => what !== "restart")).wait(longMs);
      for (const { atMs } of sent.filter(({ message }) => message.state === "summary"))
        expect(sent.filter((o) => o.atMs > atMs && o.atMs < atMs + gatherAfterSummaryMs)).toEqual([]);
    });
  });

  it("of one thing no more is told within the flap window than its threshold allows", timeLimit, () => {
    always(stories({ jumpsWhileDown: false }), (happenings) => {
      const story = new Story().tell(happenings).wait(longMs);
      for (const key of conditions.map(keyOf)) {
        const heard = story.of(key);
        for (const { atMs } of heard) {
          const within = heard.filter(
            (other) => other.atMs >= atMs && other.atMs < atMs + settings.flapWindowMs,
          );
          expect(within.length).toBeLessThanOrEqual(2 * settings.flapThreshold + 2);
        }
      }
    });
  });

  it("the same is not told twice within the cooldown", timeLimit, () => {
    always(stories({ jumpsWhileDown: false }), (happenings) => {
      const story = new Story().tell(happenings).wait(longMs);
      for (const key of conditions.map(keyOf))
        for (const [index, { atMs, message }] of story.of(key).entries()) {
          const before = story.of(key)[index - 1];
          if (message.state === "firing" && before?.message.state === "firing")
            expect(atMs - before.atMs).toBeGreaterThanOrEqual(settings.cooldownMs);
        }
    });
  });

  it("setting the clock while the agent lives changes nothing of what is told, nor when", timeLimit, () => {
    always(stories({ jumpsWhileDown: false }), (happenings) => {
      const tell = (some: readonly Happening[]) =>
        new Story()
          .tell(some)
          .wait(longMs)
          .sent.map(({ atMs, message }) => ({
            atMs,
            state: message.state,
            title: message.title,
            text: message.text,
            lastedMs: message.lastedMs,
          }));
      // A restart is left out: what the clock was when the memory was written is not known then.
      const inOneLife = happenings.filter(({ do: what }) => what !== "restart");
      expect(tell(inOneLife)).toEqual(tell(inOneLife.filter(({ do: what }) => what !== "jump")));
    });
  });

  it(
    "a kill repeats nothing and forgets nothing: each thing is told as if there had been none",
    timeLimit,
    () => {
      always(stories({ jumpsWhileDown: false }), (happenings) => {
        const tell = (some: readonly Happening[]) => {
          const story = new Story();
          // Slowly, so that nothing is in between when it is killed: what waits for others may then be told sooner.
          for (const happening of some) story.tell([happening]).wait(gatherAfterSummaryMs + gatherMs);
          story.wait(longMs).endAll().wait(longMs);
          return conditions.map((finding) => states(story.of(keyOf(finding))));
        };
        const still = happenings.filter(({ do: what }) => what !== "wait" && what !== "jump");
        const killed = still.map((each) => (each.do === "restart" ? { ...each, afterMs: 0 } : each));
        const pauses = still.map((each): Happening => (each.do === "restart" ? { do: "wait", ms: 0 } : each));
        expect(tell(killed)).toEqual(tell(pauses));
      });
    },
  );
});
