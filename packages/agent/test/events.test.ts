import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { FakeClock } from "@mcp/base/fake-clock";
import type { NewEvent } from "@mcp/registry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRig, type Rig, refusalOf, until } from "./rig.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
});
afterEach(() => rig[Symbol.asyncDispose]());

const filler = (text: string, component = "web"): NewEvent => ({
  service: "hello",
  component,
  kind: "observed",
  text,
});
const write = (text: string, component = "web") =>
  rig.life.agent.engine.journal.write({ service: "hello", component, kind: "observed", text });

/** Watch until told to stop; `isThere` once the agent listens. */
function watch(request: Parameters<Rig["client"]["watchEvents"]>[0]) {
  const leaving = new AbortController();
  const heard: { id: bigint; text: string }[] = [];
  let isThere = false;
  const end = (async () => {
    for await (const { event } of rig.client.watchEvents(request, { signal: leaving.signal })) {
      isThere = true;
      if (event) heard.push({ id: event.id, text: event.text });
    }
  })().catch(() => {});
  return {
    heard,
    texts: () => heard.map(({ text }) => text),
    there: () => until("the agent listens", () => isThere),
    async leave() {
      leaving.abort();
      await end;
    },
  };
}

describe("watching events", () => {
  it("begins with what happens once the agent has said that it listens", async () => {
    await write("before");
    const watching = watch({ service: "hello" });
    await watching.there();
    await write("after");
    await until("it is heard", () => watching.heard.length > 0);
    expect(watching.texts()).toEqual(["after"]);
    await watching.leave();
  });

  it("goes on after an event by its id, without a gap and without a repetition, while more happens", async () => {
    await rig.life.registry.addEvents(Array.from({ length: 2_500 }, (_, index) => filler(`kept ${index}`)));
    const [first] = await rig.life.registry.events({ service: "hello", limit: 1 });
    const watching = watch({ service: "hello", afterId: BigInt(first?.id ?? 0) });
    for (let index = 0; index < 20; index++) await write(`new ${index}`);
    await until("all is heard", () => watching.heard.length >= 2_519);
    const expected = [
      ...Array.from({ length: 2_499 }, (_, index) => `kept ${index + 1}`),
      ...Array.from({ length: 20 }, (_, index) => `new ${index}`),
    ];
    expect(watching.texts()).toEqual(expected);
    await watching.leave();
  });

  it("goes on with the next agent where the killed one broke off", async () => {
    const before = watch({ afterId: 0n });
    await write("one");
    await until("it is heard", () => before.texts().includes("one"));
    const { agent } = rig.life;
    await agent.engine.journal.write({ service: "hello", kind: "observed", text: "two" });
    await rig.life.kill();
    await before.leave();
    await rig.boot();
    await write("three");
    const after = watch({ afterId: before.heard.at(-1)?.id ?? 0n });
    await until("it is heard", () => after.texts().includes("three"));
    const ids = [...before.heard, ...after.heard].map(({ id }) => Number(id));
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, index) => index + 1));
    await after.leave();
  });

  it("can be of one component", async () => {
    await rig.life.registry.addEvents([filler("1"), filler("2", "db")]);
    const watching = watch({ service: "hello", component: "db", afterId: 0n });
    await watching.there();
    await write("3");
    await write("4", "db");
    await until("it is heard", () => watching.heard.length >= 2);
    expect(watching.texts()).toEqual(["2", "4"]);
    await watching.leave();
    const { events } = await rig.client.listEvents({ service: "hello", component: "db" });
    expect(events.map(({ text }) => text)).toEqual(["2", "4"]);
    const refusal = await refusalOf(rig.client.listEvents({ component: "db" }));
    expect(refusal).toMatchObject({ code: "request_invalid", hint: "send service too" });
  });

  it("hears what happens from now on whatever time it asked from: a clock may be set back", async () => {
    const watching = watch({ service: "hello", since: timestampFromMs(Date.now() + 3_600_000) });
    await watching.there();
    await write("early");
    await until("it is heard", () => watching.heard.length > 0);
    await watching.leave();
  });
});

it("events beyond the limits are dropped, first a minute after the start and then each hour", async () => {
  const clock = new FakeClock(Date.now());
  await rig.life.kill();
  const { registry } = await rig.boot({ clock, eventLimits: { maxEvents: 5, maxEventAgeMs: 86_400_000 } });
  const count = async () => (await registry.events({ limit: 100 })).length;
  await registry.addEvents(Array.from({ length: 20 }, (_, index) => filler(String(index))));
  await clock.advance(60_000);
  await until("most are dropped", async () => (await count()) === 5);
  await registry.addEvents([filler("one more")]);
  await clock.advance(3_000_000);
  expect(await count()).toBe(6);
  await clock.advance(600_000);
  await until("one is dropped", async () => (await count()) === 5);
});
