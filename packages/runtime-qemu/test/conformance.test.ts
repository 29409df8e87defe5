import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Rig, runtimeConformance } from "@mcp/runtime/conformance";
import { type QemuRig, rigMissing, startQemuRig } from "./rig.ts";

runtimeConformance("a microVM", {
  missing: rigMissing,
  open: async () => conformanceRig(await startQemuRig()),
});

async function conformanceRig(rig: QemuRig): Promise<Rig> {
  const volumeFolder = await mkdtemp(join(rig.folder, "volumes-"));
  await chmod(volumeFolder, 0o755);
  return {
    runtime: rig.connect().microvm,
    reopen: () => rig.connect().microvm,
    spec: (script) => rig.spec(script),
    absentImage: { reference: "test.invalid/absent:v1", digest: `sha256:${"0123456789abcdef".repeat(4)}` },
    volumeFolder,
    patienceMs: 60_000,
    async stranger(name) {
      const folder = join(rig.stateDir, name);
      await mkdir(folder);
      await writeFile(join(folder, "note"), "mine");
      return {
        isUntouched: async () => (await readFile(join(folder, "note"), "utf8")) === "mine",
        remove: () => rm(folder, { recursive: true }),
      };
    },
    close: () => rig.close(),
  };
}
