import { Problem } from "@mcp/base";
import { FakeClock } from "@mcp/base/fake-clock";
import type { OperationUpdateJson } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { type Followed, followOperation } from "./follow-operation.ts";

type Part = OperationUpdateJson | Problem;

const running: OperationUpdateJson = { operation: { id: "op1", state: "STATE_RUNNING" } };
const step: OperationUpdateJson = { step: { number: 1, state: "STATE_DONE" } };
const done: OperationUpdateJson = { operation: { id: "op1", state: "STATE_SUCCEEDED" } };
const absent = new Problem("agent_unreachable", "there is no agent", "start it", {
  cause: Object.assign(new Error("ENOENT"), { syscall: "connect" }),
});
const gone = new Problem("agent_unreachable", "the connection broke", "try again");

async function* streamOf(parts: readonly Part[]) {
  for (const part of parts) {
    if (part instanceof Problem) throw part;
    yield { update: part };
  }
}

/** What the agent gives, stream by stream: the first one, then one for each time it is attached to again. */
function follow(first: readonly Part[], ...later: (readonly Part[])[]) {
  const clock = new FakeClock();
  const attached: unknown[] = [];
  const client = {
    watchOperation: (request: unknown) => {
      attached.push(request);
      return streamOf(later[Math.min(attached.length, later.length) - 1] ?? [gone]);
    },
  };
  const followed = followOperation(streamOf(first), { client, requestId: "req1", patienceMs: 5_000, clock });
  const seen: Followed[] = [];
  const end = (async () => {
    for await (const what of followed) seen.push(what);
  })();
  end.catch(() => {});
  return { clock, attached, seen, end };
}

const update = (what: OperationUpdateJson): Followed => ({ type: "update", update: what });
const lost: Followed = { type: "lost", patienceMs: 5_000 };

describe("following an operation", () => {
  it("passes on what the agent says, and ends with the operation", async () => {
    const { seen, end, attached } = follow([running, step, done]);
    await end;
    expect(seen).toEqual([update(running), update(step), update(done)]);
    expect(attached).toEqual([]);
  });

  it("attaches again when the connection breaks", async () => {
    const { seen, end, attached } = follow([running, gone], [running, step, done]);
    await end;
    expect(seen).toEqual([update(running), lost, update(running), update(step), update(done)]);
    expect(attached).toEqual([{ id: "req1" }]);
  });

  it("attaches again when the agent is shutting down, or ends the stream before the operation is done", async () => {
    const draining = new Problem("draining", "the agent is shutting down", "");
    const { clock, seen, end } = follow([running], [running, draining], [done]);
    await clock.advance(1_000);
    await end;
    expect(seen).toEqual([update(running), lost, update(running), lost, update(done)]);
  });

  it("tries again for as long as its patience lasts, ever more slowly, and says once that it waits", async () => {
    const { clock, seen, end, attached } = follow([running, gone], [gone]);
    await clock.advance(4_900);
    expect(attached.length).toBeGreaterThan(5);
    expect(attached.length).toBeLessThan(20);
    expect(seen).toEqual([update(running), lost]);
    await clock.advance(2_000);
    await expect(end).rejects.toMatchObject({
      code: "agent_unreachable",
      message: "the agent went away in the middle and has not come back for 5s",
      hint: "it finishes what it began when it is started again; then see: mcp status",
    });
  });

  it("gives up on an agent that dies each time it comes back", async () => {
    const { clock, end, seen } = follow([running, gone], [running, gone]);
    for (let second = 0; second < 60; second++) await clock.advance(1_000);
    await expect(end).rejects.toMatchObject({ code: "agent_unreachable" });
    expect(seen.filter(({ type }) => type === "lost")).toHaveLength(21);
  });

  it("fails at once if the agent was not there at first", async () => {
    const { end, attached } = follow([absent], [done]);
    await expect(end).rejects.toBe(absent);
    expect(attached).toEqual([]);
  });

  it("asks whether the agent took it, if it went away before it said so", async () => {
    const { clock, seen, end } = follow([gone], [absent], [running, done]);
    await clock.advance(1_000);
    await end;
    expect(seen).toEqual([lost, update(running), update(done)]);
    const unknown = new Problem("operation_not_found", "there is no operation req1", "");
    const never = follow([gone], [unknown]);
    await never.clock.advance(1_000);
    await expect(never.end).rejects.toMatchObject({
      code: "agent_unreachable",
      message: "the agent went away before it took the request: nothing was changed",
      hint: "type the same again",
    });
  });

  it("does not wait for an agent that is shutting down already", async () => {
    const draining = new Problem("draining", "the agent is shutting down", "try again later");
    await expect(follow([draining]).end).rejects.toBe(draining);
  });

  it("passes on what the agent refuses, also after it came back", async () => {
    const refusal = new Problem("operation_not_found", "there is no operation req1", "");
    await expect(follow([refusal]).end).rejects.toBe(refusal);
    const { clock, end } = follow([running, gone], [refusal]);
    await clock.advance(1_000);
    await expect(end).rejects.toBe(refusal);
  });

  it("stops when told to, also while it waits", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const followed = followOperation(streamOf([running, gone]), {
      client: { watchOperation: () => streamOf([gone]) },
      requestId: "req1",
      signal: stop.signal,
      clock,
    });
    await followed.next();
    await followed.next();
    const waiting = followed.next();
    waiting.catch(() => {});
    await clock.advance(300);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
