import { chmod, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { ImagePin, WorkloadSpec } from "@mcp/runtime";
import type { Rig, Script } from "@mcp/runtime/conformance";
import type { PodmanRig } from "./rig.ts";

/** A rig for the conformance suite. Closing it closes podman's. */
export async function conformanceRig(podman: PodmanRig): Promise<Rig> {
  const { runtime, images } = podman.connect();
  const image = await images.resolve(podman.image, new AbortController().signal);
  const volumeFolder = await mkdtemp(join(podman.folder, "volumes-"));
  await chmod(volumeFolder, 0o755);
  let made = 0;
  return {
    runtime,
    reopen: () => podman.connect().runtime,
    spec: (script) => specFor(`w-${++made}`, image, script),
    absentImage: { reference: "localhost/absent:v1", digest: `sha256:${"0123456789abcdef".repeat(4)}` },
    volumeFolder,
    async stranger(name) {
      await podman.cli(["run", "--detach", "--name", name, podman.image, "sleep", "1000"]);
      const look = () =>
        podman.cli(["inspect", "--format", "{{.Id}} {{.State.Status}} {{.State.StartedAt}}", name]);
      const before = await look();
      return {
        isUntouched: async () => before.includes("running") && (await look()) === before,
        remove: async () => void (await podman.cli(["rm", "--force", "--time", "0", name])),
      };
    },
    close: () => podman.close(),
  };
}

export function specFor(name: string, image: ImagePin, script: Script): WorkloadSpec {
  return {
    name,
    kind: "container",
    labels: { service: "suite", component: name, instance: name, revision: 1, specHash: `hash-${name}` },
    image,
    hostname: name,
    env: {},
    ports: [],
    volumes: [],
    network: "mcpnet",
    ...commandOf(script),
  };
}

function commandOf(script: Script): Pick<WorkloadSpec, "cmd" | "entrypoint"> {
  switch (script.does) {
    case "sleeps":
      return shell('trap "exit 0" TERM', ...forEver);
    case "says when it is asked to stop":
      return shell('trap "echo asked to stop; exit 0" TERM', "echo ready", ...forEver);
    case "ignores being asked to stop":
      return shell('trap "" TERM', "echo ready", ...forEver);
    case "ticks":
      return shell('trap "exit 0" TERM', "i=0", 'while :; do i=$((i+1)); echo "tick $i"; sleep 0.1; done');
    case "prints and exits": {
      const { stdout = [], stderr = [], afterMs = 0, code } = script;
      return shell(
        ...stdout.map((line) => `printf '%s\\n' ${quoted(line)}`),
        ...stderr.map((line) => `printf '%s\\n' ${quoted(line)} >&2`),
        `sleep ${afterMs / 1_000}`,
        `exit ${code}`,
      );
    }
    case "prints its environment":
      return shell(`printf '%s\\n' "$${script.variable}"`);
    case "prints a file":
      return { cmd: ["cat", script.path] };
    case "serves http":
      return shell('trap "exit 0" TERM', `httpd -f -p ${script.port} -h /www &`, "wait");
    case "cannot start":
      return { entrypoint: ["/no/such/program"] };
  }
}

const forEver = ["while :; do sleep 1000 & wait $!; done"];

/** One statement a line, since `&` ends one too. */
function shell(...statements: string[]): Pick<WorkloadSpec, "cmd"> {
  return { cmd: ["sh", "-c", statements.join("\n")] };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
