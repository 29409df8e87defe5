import type { RuntimeEvent } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { EventHub } from "./event-hub.ts";

const event = (name: string) => ({ name, what: "started", atMs: 1 }) as const;

describe("who listens to a hub", () => {
  it("hears everything from the first call of next on, in order, each at their own pace", async () => {
    const hub = new EventHub<RuntimeEvent>();
    const { signal } = new AbortController();
    const [one, other] = [hub.listen(signal), hub.listen(signal)];
    hub.tell(event("too early"));
    const first = one.next();
    hub.tell(event("a"));
    hub.tell(event("b"));
    expect((await first).value).toEqual(event("a"));
    const late = other.next();
    hub.tell(event("c"));
    expect([(await one.next()).value, (await one.next()).value]).toEqual([event("b"), event("c")]);
    expect((await late).value).toEqual(event("c"));
  });

  it("is told why it ends", async () => {
    const hub = new EventHub<RuntimeEvent>();
    const controller = new AbortController();
    const waiting = hub.listen(controller.signal).next();
    controller.abort("enough");
    await expect(waiting).rejects.toBe("enough");
    await expect(hub.listen(controller.signal).next()).rejects.toBe("enough");
  });
});
