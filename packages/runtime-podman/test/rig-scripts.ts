import { chmod, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { ImagePin, WorkloadSpec } from "@mcp/runtime";
import { type Rig, type Script, shellCommand, suiteSpec } from "@mcp/runtime/conformance";
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
  return { ...suiteSpec(name, "container", image), ...shellCommand(script) };
}
