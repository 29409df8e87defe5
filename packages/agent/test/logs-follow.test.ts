import type { LogsResponse } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { definition, last, newRequestId, openRig, type Rig, summary, until } from "./rig.ts";

const talk = (...components: readonly string[]): string =>
  definition("talk", ...components.map((component) => `name = "${component}"\nimage = "localhost/talker:1"`));

async function openTalk(): Promise<Rig> {
  const rig = await openRig();
  rig.host.addImage("localhost/talker:1", {
    prints: (spec) => [{ stream: "stdout", text: `${spec.labels.component} begins` }],
  });
  await rig.deploy(talk("a", "b"));
  return rig;
}

/** What a follower has been told so far, and how it ended. */
class Following {
  readonly lines: string[] = [];
  readonly instances = new Set<string>();
  readonly ended: Promise<unknown>;

  constructor(responses: AsyncIterable<LogsResponse>) {
    this.ended = this.#read(responses).catch((thrown: unknown) => thrown);
  }

  async #read(responses: AsyncIterable<LogsResponse>): Promise<void> {
    for await (const { lines } of responses)
      for (const { component, instance, text } of lines) {
        this.lines.push(`${component}: ${text}`);
        this.instances.add(instance);
      }
  }

  has(line: string, times = 1): Promise<void> {
    return until(`${line} is read ${times} times`, () => this.count(line) >= times);
  }

  count(line: string): number {
    return this.lines.filter((one) => one === line).length;
  }
}

const follow = (rig: Rig, more: { readonly component?: string; readonly tail?: number } = {}): Following =>
  new Following(rig.client.logs({ service: "talk", follow: true, ...more }));

const ask = (rig: Rig, what: "stop" | "start" | "restart" | "undeploy") =>
  last(rig.client[what]({ requestId: newRequestId(), service: "talk" }));

const instanceOf = (rig: Rig, component: string): string =>
  rig.host.running.find((name) => name.startsWith(`talk-${component}.`)) ?? "";

describe("following the logs of a service", () => {
  it("goes on with what is started in the place of what ran", async () => {
    await using rig = await openTalk();
    const following = follow(rig);
    await following.has("a: a begins");
    await following.has("b: b begins");
    rig.host.addImage("localhost/talker:1", { prints: () => [{ stream: "stdout", text: "the new one" }] });
    expect(summary(await rig.deploy(talk("a", "b"))).state).toBe("SUCCEEDED");
    await following.has("a: the new one");
    await following.has("b: the new one");
    expect(following.instances.size).toBe(4);
    expect(following.count("a: a begins")).toBe(1);
  });

  it("goes on after a stop and a start of the same instance, and tells no line twice", async () => {
    await using rig = await openTalk();
    const following = follow(rig);
    await following.has("a: a begins");
    rig.host.print(instanceOf(rig, "a"), "before the stop");
    await ask(rig, "stop");
    await ask(rig, "start");
    await following.has("a: a begins", 2);
    rig.host.print(instanceOf(rig, "a"), "after the start");
    await following.has("a: after the start");
    expect(following.lines.filter((line) => line.startsWith("a: "))).toEqual([
      "a: a begins",
      "a: before the stop",
      "a: a begins",
      "a: after the start",
    ]);
    expect(following.instances.size).toBe(2);
  });

  it("goes on after a restart that was asked for, and after one that a crash made needed", async () => {
    await using rig = await openTalk();
    const following = follow(rig, { component: "a" });
    await following.has("a: a begins");
    await ask(rig, "restart");
    await following.has("a: a begins", 2);
    rig.host.exit(instanceOf(rig, "a"), 1);
    await following.has("a: a begins", 3);
    expect(following.lines).toEqual(["a: a begins", "a: a begins", "a: a begins"]);
  });

  it("shows nothing older than was asked for, also after a start", async () => {
    await using rig = await openTalk();
    // What is there was written before the millisecond in which following begins.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const following = follow(rig, { component: "a", tail: 0 });
    await until("it is followed", () => rig.host.calls.some(({ call }) => call === "logs"));
    await ask(rig, "stop");
    await ask(rig, "start");
    rig.host.print(instanceOf(rig, "a"), "now");
    await following.has("a: now");
    expect(following.lines).toEqual(["a: a begins", "a: now"]);
  });

  it("takes up a component that a deploy adds", async () => {
    await using rig = await openTalk();
    const following = follow(rig);
    await following.has("b: b begins");
    await rig.deploy(talk("a", "b", "c"));
    await following.has("c: c begins");
  });

  it("waits, where nothing runs yet", async () => {
    await using rig = await openTalk();
    await ask(rig, "stop");
    const following = follow(rig, { tail: 1 });
    await following.has("a: a begins");
    await ask(rig, "start");
    await following.has("a: a begins", 2);
  });

  it("shows what a version writes that does not stand, and goes on with the old one", async () => {
    await using rig = await openTalk();
    const following = follow(rig, { component: "a" });
    await following.has("a: a begins");
    rig.host.addImage("localhost/talker:2", {
      prints: () => [{ stream: "stdout", text: "I cannot" }],
      exitsAfterMs: 0,
    });
    const bad = definition(
      "talk",
      `name = "a"\nimage = "localhost/talker:2"\nstart_period = "200ms"\nrestart = "no"`,
    );
    expect(summary(await rig.deploy(bad)).state).toBe("FAILED");
    await following.has("a: I cannot");
    await following.has("a: a begins", 2);
  });

  it("ends when the service is undeployed, after its last line", async () => {
    await using rig = await openTalk();
    const following = follow(rig);
    await following.has("a: a begins");
    rig.host.print(instanceOf(rig, "b"), "goodbye");
    await ask(rig, "undeploy");
    expect(await following.ended).toBeUndefined();
    expect(following.lines).toContain("b: goodbye");
  });

  it("ends when its component is taken out of the service", async () => {
    await using rig = await openTalk();
    const following = follow(rig, { component: "b" });
    await following.has("b: b begins");
    await rig.deploy(talk("a"));
    expect(await following.ended).toBeUndefined();
  });

  it("ends when the agent does, and says that", async () => {
    const rig = await openTalk();
    const following = follow(rig);
    await following.has("a: a begins");
    await rig[Symbol.asyncDispose]();
    expect(String(await following.ended)).toContain("shutting down");
  });
});
