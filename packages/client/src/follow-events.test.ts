import { Problem } from "@mcp/base";
import { FakeClock } from "@mcp/base/fake-clock";
import { describe, expect, it } from "vitest";
import { type FollowEventsOptions, followEvents } from "./follow-events.ts";

type Part = number | "there" | Problem;

const absent = new Problem("agent_unreachable", "there is no agent", "start it", {
  cause: Object.assign(new Error("ENOENT"), { syscall: "connect" }),
});
const gone = new Problem("agent_unreachable", "the connection broke", "try again");
const fellBehind = new Problem("timed_out", "fell 10000 messages behind", "ask again");

async function* streamOf(parts: readonly Part[]) {
  for (const part of parts) {
    if (part instanceof Problem) throw part;
    yield part === "there" ? {} : { event: { id: String(part) } };
  }
}

/** What the agent gives, stream by stream; the last one again and again. */
function follow(streams: readonly (readonly Part[])[], more: Partial<FollowEventsOptions> = {}) {
  const clock = new FakeClock();
  const asked: unknown[] = [];
  const leaving = new AbortController();
  const client = {
    watchEvents: (request: unknown) => {
      asked.push(request);
      return streamOf(streams[Math.min(asked.length, streams.length) - 1] ?? [gone]);
    },
  };
  const seen: (number | "lost")[] = [];
  const end = (async () => {
    const options = { client, clock, patienceMs: 5_000, signal: leaving.signal, ...more };
    for await (const followed of followEvents(options))
      seen.push(followed.type === "lost" ? "lost" : Number(followed.event.id));
  })();
  end.catch(() => {});
  return { clock, asked, seen, end, leaving };
}

const all = { service: "", component: "" };

describe("following events", () => {
  it("goes on after the last one that was given, however a stream ends", async () => {
    const { clock, seen, asked, leaving } = follow(
      [["there", 4, 5, gone], [absent], ["there", 6], ["there", 7, fellBehind], ["there", 8, gone], [absent]],
      { afterId: 3 },
    );
    await clock.advance(3_000);
    leaving.abort();
    expect(seen).toEqual([4, 5, "lost", 6, "lost", 7, "lost", 8, "lost"]);
    expect(asked.slice(0, 5)).toEqual(["3", "5", "5", "6", "7"].map((afterId) => ({ ...all, afterId })));
  });

  it("asks for what happened since a time only until the first is there", async () => {
    const since = "2026-01-02T11:00:00Z";
    const { clock, asked, leaving } = follow([["there", gone], ["there", 9, gone], [absent]], {
      afterId: 0,
      since,
      service: "hello",
    });
    await clock.advance(1_000);
    leaving.abort();
    const of = { service: "hello", component: "" };
    expect(asked.slice(0, 3)).toEqual([
      { ...of, afterId: "0", since },
      { ...of, afterId: "0", since },
      { ...of, afterId: "9" },
    ]);
  });

  it("waits anew each time that the agent was there, also where nothing happened", async () => {
    const { clock, seen, end } = follow([["there"], [absent], [absent], ["there"], [absent]]);
    await clock.advance(4_000);
    expect(seen).toEqual(["lost", "lost"]);
    await clock.advance(3_000);
    await expect(end).rejects.toMatchObject({
      code: "agent_unreachable",
      message: "the agent went away and has not come back for 5s",
      hint: "start it again; then see what happened with: mcp events",
    });
  });

  it("fails at once where no agent is there at first, or the agent refuses", async () => {
    await expect(follow([[absent]]).end).rejects.toBe(absent);
    const refused = new Problem("request_invalid", "no", "say yes");
    await expect(follow([["there", 1, refused]]).end).rejects.toBe(refused);
  });

  it("ends with the reason of its signal", async () => {
    const { leaving, end, clock } = follow([["there", 1, gone], [absent]]);
    await clock.advance(100);
    leaving.abort(new Error("enough"));
    await expect(end).rejects.toThrow("enough");
  });
});
