import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import type { Totals } from "./totals.ts";

/** Whether this user may become root without being asked for a password. */
export async function mayBeRoot(): Promise<boolean> {
  return run(["sudo", "-n", "true"]).then(
    () => true,
    () => false,
  );
}

/** Of this user's environment; sudo keeps none of it. */
const passedOn = [
  "PATH",
  "MCP_GUEST_KERNEL",
  "MCP_SOAK",
  "MCP_SEED",
  "NO_COLOR",
  "LANG",
  "NODE_EXTRA_CA_CERTS",
];

/** Run vitest projects as root, and add what came of it to the totals. What is printed is printed here. */
export async function runAsRoot(filter: string, projects: readonly string[], totals: Totals): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "root-part-"));
  const totalsFile = join(folder, "totals.json");
  const environment = passedOn.flatMap((name) =>
    process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`],
  );
  const program = [process.execPath, "--conditions=@mcp/source", join(import.meta.dirname, "root-part.ts")];
  const argv = ["-n", "-H", "env", ...environment, ...program, totalsFile, filter, ...projects];
  const ended = await new Promise<number | null>((resolve, reject) => {
    const child = spawn("sudo", argv, { stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const found = await readFile(totalsFile, "utf8").catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  if (found === undefined)
    totals.failed.push(`the tests that need root ended early, with exit code ${ended}`);
  else totals.add(JSON.parse(found) as Totals);
}
