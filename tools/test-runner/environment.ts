import { chmod, mkdtemp, rm } from "node:fs/promises";

/**
 * What all that a run starts inherits: a variable that names the run, and a folder of its own for temporary files, so
 * that what tests leave can be told from what others do on the machine. Short, since sockets are made in it; open to
 * everybody as `/tmp` is, since some tests are those of another user.
 */
export async function openEnvironment(soak: boolean): Promise<AsyncDisposable> {
  const folder = await mkdtemp("/tmp/mcpt-");
  await chmod(folder, 0o1777);
  process.env.TMPDIR = folder;
  process.env.MCP_TEST_RUN = folder.slice("/tmp/mcpt-".length);
  if (soak) process.env.MCP_SOAK = "1";
  return { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
