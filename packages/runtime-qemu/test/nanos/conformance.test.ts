import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realClock, silentLogger } from "@mcp/host";
import type { WorkloadSpec } from "@mcp/runtime";
import { type Rig, runtimeConformance, type Script, suiteSpec } from "@mcp/runtime/conformance";
import { stubProgram } from "../../src/guest/nanos/stub-program.ts";
import { createQemu, type Qemu } from "../../src/index.ts";
import { machinesMissing } from "../machine-rig.ts";
import { TestImages } from "../test-images.ts";
import { NanosRig } from "./nanos-rig.ts";

// What boots is the tests' own guest: it prints, waits and leaves with a code, and can do nothing else.
const oneConsole = "a unikernel has one console, so nothing is known of two streams";
const noNetwork = "the tests' guest answers to nobody, neither on the network nor when it is asked to stop";
const noMounts = "the tests' guest mounts nothing, and has room for no more than 32 KiB";

runtimeConformance("a unikernel, with the tests' ops", {
  missing: () => machinesMissing,
  open: openRig,
  excuses: {
    "stop asks before it kills": noNetwork,
    "a published port reaches the workload": noNetwork,
    "a volume shows the host's folder, where volumes can be had": noMounts,
    "a long line comes back whole": noMounts,
    "logs tell each line with its stream and its time, in order": oneConsole,
  },
});

async function openRig(): Promise<Rig> {
  const nanos = await NanosRig.open();
  await chmod(nanos.folder, 0o711);
  const images = new TestImages();
  const image = images.add("test.invalid/app:v1", {
    files: [{ path: "app", type: "file", mode: 0o755, data: stubProgram() }],
  });
  const opened: Qemu[] = [];
  const ops = await nanos.ops();
  const stateDir = join(nanos.folder, "state");
  const connect = (): Qemu => {
    const qemu = createQemu({
      stateDir,
      imageDir: join(nanos.folder, "images"),
      images,
      user: process.getuid?.() === 0 ? "nobody" : "",
      accel: "tcg",
      nanos: { ops, kernel: nanos.kernel, boot: nanos.boot },
      clock: realClock,
      log: silentLogger,
    });
    opened.push(qemu);
    return qemu;
  };
  const volumeFolder = await mkdtemp(join(nanos.folder, "volumes-"));
  await chmod(volumeFolder, 0o755);
  const { unikernel } = connect();
  let made = 0;
  return {
    runtime: unikernel,
    reopen: () => connect().unikernel,
    spec: (script) => ({
      ...suiteSpec(`uni-${++made}`, "unikernel", image),
      memoryMiB: 64,
      ...commandOf(script),
    }),
    absentImage: { reference: "test.invalid/absent:v1", digest: `sha256:${"0123456789abcdef".repeat(4)}` },
    volumeFolder,
    patienceMs: 5_000,
    async stranger(name) {
      const folder = join(stateDir, name);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "note"), "mine");
      return {
        isUntouched: async () => (await readFile(join(folder, "note"), "utf8")) === "mine",
        remove: () => rm(folder, { recursive: true }),
      };
    },
    async close() {
      const signal = AbortSignal.timeout(60_000);
      for (const { name } of await unikernel.list(signal)) await unikernel.remove(name, signal);
      for (const qemu of opened) await qemu.close();
      await nanos.close();
    },
  };
}

function commandOf(script: Script): Pick<WorkloadSpec, "cmd" | "entrypoint"> {
  switch (script.does) {
    case "prints and exits": {
      const { stdout = [], stderr = [], afterMs = 0, code } = script;
      const lines = [...stdout, ...stderr].flatMap((line) => ["--print", line]);
      return app(...lines, "--wait", String(afterMs), "--exit", String(code));
    }
    case "ticks":
      return app(
        ...Array.from({ length: 200 }, (_, index) => [
          "--print",
          `tick ${index + 1}`,
          "--wait",
          "100",
        ]).flat(),
      );
    case "prints its environment":
      return app("--env", script.variable, "--exit", "0");
    case "prints a file":
      return app("--print", `no ${script.path}`, "--exit", "1");
    case "cannot start":
      return { entrypoint: ["/no/such/program"] };
    default:
      return app("--print", "ready");
  }
}

const app = (...args: string[]): Pick<WorkloadSpec, "entrypoint" | "cmd"> => ({
  entrypoint: ["/app"],
  cmd: args,
});
