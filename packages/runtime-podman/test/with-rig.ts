import type { ImagePin, Runtime, WorkloadSpec } from "@mcp/runtime";
import type { Script } from "@mcp/runtime/conformance";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import type { Podman } from "../src/index.ts";
import { type PodmanRig, rigMissing, startPodmanRig } from "./rig.ts";
import { specFor } from "./rig-scripts.ts";

/** A rig for all tests of a file; where there can be none, each is skipped, saying why. */
export function withRig(who: "root" | "user" = "root") {
  let rig: PodmanRig | undefined;
  let podman: Podman | undefined;
  let image: ImagePin | undefined;
  let why: string | undefined;
  let made = 0;
  beforeAll(async () => {
    why = await rigMissing(who);
    if (why !== undefined) return;
    rig = await startPodmanRig({ who });
    podman = rig.connect();
    image = await podman.images.resolve(rig.image, new AbortController().signal);
  }, 180_000);
  afterAll(() => rig?.close(), 60_000);
  beforeEach(({ skip }) => {
    if (!rig) skip(why);
  });
  const there = <T>(value: T | undefined): T => value ?? expect.fail("the rig has not been started");
  return {
    get rig() {
      return there(rig);
    },
    get podman() {
      return there(podman);
    },
    get runtime(): Runtime {
      return there(podman).runtime;
    },
    get image() {
      return there(image);
    },
    spec(script: Script, changes: Partial<WorkloadSpec> = {}): WorkloadSpec {
      return { ...specFor(`t-${++made}`, there(image), script), ...changes };
    },
    /** A spec that runs one line of shell. */
    shell(line: string, changes: Partial<WorkloadSpec> = {}): WorkloadSpec {
      return this.spec({ does: "sleeps" }, { cmd: ["sh", "-c", line], ...changes });
    },
    /** One that runs, and does not stop when it is asked to. */
    async stubborn(signal: AbortSignal): Promise<WorkloadSpec> {
      const spec = this.spec({ does: "ignores being asked to stop" });
      await this.runtime.start(spec, signal);
      for await (const { text } of this.runtime.logs(spec.name, { follow: true }, signal))
        if (text === "ready") break;
      return spec;
    },
    /** What a workload printed, once it has exited. */
    async output(spec: WorkloadSpec, signal: AbortSignal): Promise<string[]> {
      await this.runtime.start(spec, signal);
      const lines: string[] = [];
      for await (const { text } of this.runtime.logs(spec.name, { follow: true }, signal)) lines.push(text);
      return lines;
    },
  };
}
