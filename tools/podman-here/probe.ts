import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@mcp/host";
import { staticBusybox } from "./static-busybox.ts";

const image = "localhost/mcp-probe:1";

export interface ProbeResult {
  readonly works: boolean;
  /** The last line podman printed, for people; nothing is decided by it. */
  readonly said: string;
}

/** Whether podman, in this environment, runs a container made of nothing but busybox. */
export async function runsContainers(
  stateFolder: string,
  env: Readonly<Record<string, string>>,
): Promise<ProbeResult> {
  await buildProbeImage(stateFolder);
  const argv = ["podman", "run", "--rm", "--network", "none", "--pull", "never", image];
  const { exitCode, stderr } = await run(argv, { env, anyExitCode: true, timeoutMs: 60_000 });
  return { works: exitCode === 0, said: stderr.trim().split("\n").at(-1) ?? "" };
}

export async function removeProbeImage(): Promise<void> {
  await run(["podman", "rmi", "--force", image], { anyExitCode: true });
}

async function buildProbeImage(stateFolder: string): Promise<void> {
  const { exitCode } = await run(["podman", "image", "exists", image], { anyExitCode: true });
  if (exitCode === 0) return;
  const context = join(stateFolder, "probe");
  await mkdir(context, { recursive: true });
  await copyFile(await staticBusybox(), join(context, "busybox"));
  await writeFile(
    join(context, "Dockerfile"),
    'FROM scratch\nCOPY busybox /bin/busybox\nCMD ["/bin/busybox", "true"]\n',
  );
  await run(["podman", "build", "--quiet", "--tag", image, context], { timeoutMs: 120_000 });
  await rm(context, { recursive: true });
}
