import { type Clock, Problem, printDuration, withTimeLimit } from "@mcp/base";
import type { ExecResult } from "@mcp/runtime";
import { neverAborted } from "../abortable.ts";
import { frames } from "../http/frames.ts";
import { engineSays, expectStatus, isNoSuchContainer } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";
import { inspectContainer, isInstance, notThere } from "./lookup.ts";

interface ExecSession {
  readonly Running: boolean;
  readonly ExitCode: number;
  /** On the host. */
  readonly Pid: number;
}

const outputBytes = 64 * 1024;

/**
 * Run a program in a container of ours, and kill it if it takes too long.
 *
 * @param onEnd  told the session's id, for what is left of it to be cleaned up.
 */
export async function execIn(
  api: PodmanApi,
  clock: Clock,
  onEnd: (sessionId: string) => void,
  name: string,
  argv: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ExecResult> {
  const found = await inspectContainer(api, name, signal);
  if (!found || !isInstance(found, name)) throw notThere(name);
  const id = await createSession(api, name, found.Id, argv, signal);
  try {
    return await withTimeLimit(
      clock,
      timeoutMs,
      signal,
      () =>
        new Problem(
          "timed_out",
          `${argv[0]} did not end in ${name} within ${printDuration(timeoutMs)}`,
          "give it more time",
        ),
      (limited) => runSession(api, id, limited),
    );
  } catch (error) {
    await killSession(api, id);
    throw error;
  } finally {
    onEnd(id);
  }
}

async function createSession(
  api: PodmanApi,
  name: string,
  containerId: string,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const body = { Cmd: argv, AttachStdout: true, AttachStderr: true };
  const path = `/containers/${containerId}/exec`;
  const reply = await api.call({ what: `run a program in ${name}`, method: "POST", path, body }, signal);
  if (isNoSuchContainer(reply)) throw notThere(name);
  if (/state improper|only .*running/i.test(engineSays(reply))) {
    throw new Problem(
      "workload_not_found",
      `${name} does not run, so nothing can run in it`,
      "see its state: mcp ps",
    );
  }
  return (expectStatus(reply, `run a program in ${name}`, 201).body as { Id: string }).Id;
}

async function runSession(api: PodmanApi, id: string, signal: AbortSignal): Promise<ExecResult> {
  const call = { what: "begin to run a program", method: "POST", path: `/exec/${id}/start` } as const;
  const response = await api.stream({ ...call, body: { Detach: false, Tty: false } }, signal);
  let output = Buffer.alloc(0);
  for await (const { data } of api.read(response, signal, frames)) {
    output = Buffer.concat([output, data]).subarray(-outputBytes);
  }
  const { ExitCode } = await inspectSession(api, id, signal);
  return { exitCode: ExitCode, output: output.toString("utf8") };
}

async function inspectSession(api: PodmanApi, id: string, signal: AbortSignal): Promise<ExecSession> {
  const call = { what: "tell how a program ended", method: "GET", path: `/exec/${id}/json` } as const;
  return expectStatus(await api.call(call, signal), call.what, 200).body as ExecSession;
}

/** Podman has no call for it. Best effort: the caller already knows what went wrong. */
async function killSession(api: PodmanApi, id: string): Promise<void> {
  try {
    const { Running, Pid } = await inspectSession(api, id, neverAborted);
    if (Running && Pid > 0) process.kill(Pid, "SIGKILL");
  } catch {
    // It ended, its container did, or it runs as a user whose processes we may not kill.
  }
}
