import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@mcp/base";
import type { ImageRig, Rig, Script } from "../conformance/index.ts";
import { suiteSpec } from "../conformance/suite-spec.ts";
import type { Runtime } from "../runtime.ts";
import type { WorkloadSpec } from "../spec.ts";
import type { FakeBehaviour, FakeLine } from "./behaviour.ts";
import { FakeHost } from "./fake-host.ts";
import { FakeImages } from "./fake-images.ts";
import { FakeRuntime } from "./fake-runtime.ts";

/** @param makeRuntime  another runtime over the host, to see what the suite says of it. */
export async function openFakeRig(
  makeRuntime: (host: FakeHost) => Runtime = (host) => new FakeRuntime(host),
): Promise<Rig> {
  const host = new FakeHost({ clock: timers });
  host.onExec = async (_name, argv) => {
    if (argv[0] === "echo") return { exitCode: 0, output: `${argv.slice(1).join(" ")}\n` };
    if (argv[0] === "sh") return { exitCode: 3, output: "out\nerr\n" };
    await timers.sleep(1_000);
    return { exitCode: 0, output: "" };
  };
  const volumeFolder = await mkdtemp(join(tmpdir(), "mcp-fake-"));
  let made = 0;
  return {
    runtime: makeRuntime(host),
    reopen: () => makeRuntime(host),
    patienceMs: 1_000,
    spec: (script) =>
      suiteSpec(`w-${++made}`, "container", host.addImage(`example/w-${made}:v1`, behaviourOf(script))),
    absentImage: host.publish("example/absent:v1"),
    volumeFolder,
    async stranger(name) {
      host.addStranger(name);
      const made = host.machine.get(name);
      return {
        isUntouched: async () => made !== undefined && host.machine.get(name) === made && made.isRunning,
        remove: async () => made && host.machine.delete(made),
      };
    },
    close: () => rm(volumeFolder, { recursive: true }),
  };
}

export async function openFakeImageRig(): Promise<ImageRig> {
  const host = new FakeHost({ clock: timers });
  const cmd = ["/bin/hello"];
  let made = 0;
  return {
    images: new FakeImages(host),
    publish: async () => host.publish(`example/image-${++made}:v1`, { config: { cmd } }).reference,
    publishAgain: async (reference) => void host.publish(reference, { config: { cmd } }),
    registryIsUp: async (up) => {
      host.registryIsDown = !up;
    },
    cmd,
    close: async () => {},
  };
}

function behaviourOf(script: Script): FakeBehaviour {
  switch (script.does) {
    case "sleeps":
    case "serves http":
      return {};
    case "says when it is asked to stop":
      return { prints: [{ stream: "stdout", text: "ready" }], lastWords: "asked to stop" };
    case "ignores being asked to stop":
      return { prints: [{ stream: "stdout", text: "ready" }], whenStopped: "ignores" };
    case "ticks":
      return { ticksEveryMs: 100 };
    case "cannot start":
      return { failsToStart: "no such file or directory" };
    case "prints and exits": {
      const { stdout = [], stderr = [], afterMs = 0, code } = script;
      return { prints: [...stdout.map(out), ...stderr.map(err)], exitsAfterMs: afterMs, exitCode: code };
    }
    case "prints its environment":
      return { prints: ({ env }) => [out(env[script.variable] ?? "")], exitsAfterMs: 0 };
    case "prints a file":
      return { prints: (spec) => mountedFile(spec, script.path), exitsAfterMs: 0 };
  }
}

function mountedFile({ volumes }: WorkloadSpec, path: string): FakeLine[] {
  const volume = volumes.find(({ guest }) => path.startsWith(`${guest}/`));
  if (!volume) return [];
  const text = readFileSync(join(volume.host, path.slice(volume.guest.length)), "utf8");
  return text.trimEnd().split("\n").map(out);
}

const out = (text: string): FakeLine => ({ stream: "stdout", text });
const err = (text: string): FakeLine => ({ stream: "stderr", text });

const timers: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
};
