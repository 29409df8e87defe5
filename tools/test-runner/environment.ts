import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

export interface TestEnvironment extends AsyncDisposable {
  /** For what the run itself keeps while it lasts. */
  readonly stateFolder: string;
}

/**
 * What all that a run starts inherits: a variable that names the run, and a folder of its own for temporary files, so
 * that what tests leave can be told from what others do on the machine. Short, since sockets are made in it; open to
 * everybody as `/tmp` is, since some tests are those of another user.
 */
export async function openEnvironment(): Promise<TestEnvironment> {
  const folder = await mkdtemp("/tmp/mcpt-");
  await chmod(folder, 0o1777);
  process.env.TMPDIR = folder;
  process.env.MCP_TEST_RUN = folder.slice("/tmp/mcpt-".length);
  const stateFolder = join(folder, "run");
  await mkdir(stateFolder);
  return { stateFolder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
