import { readFileSync, readlinkSync } from "node:fs";
import type { Clock } from "@mcp/base";
import type { PodmanApi } from "../podman-api.ts";
import { inspectContainer } from "./lookup.ts";
import type { InspectedContainer } from "./shapes.ts";

/** Podman has learnt of an ordinary end well within it. */
export const noticedMs = 1_000;
/** That of the machine itself, by the kernel's own constant. */
const firstPidNamespace = "pid:[4026531836]";

/**
 * Whether podman holds for alive what has ended: its process is gone, and so is its supervisor, without whom podman
 * never learns of an end. Podman (4.3) then shows it as running or, once it was asked to stop it, as stopping for ever,
 * and can do nothing with it but remove it by force. Waits a second before it says yes.
 *
 * @param found  as inspected just now.
 */
export async function isLost(
  api: PodmanApi,
  clock: Clock,
  found: InspectedContainer,
  signal: AbortSignal,
): Promise<boolean> {
  if (!seemsLost(found)) return false;
  await clock.sleep(noticedMs, signal);
  const now = await inspectContainer(api, found.Id, signal);
  return now !== undefined && seemsLost(now);
}

function seemsLost({ State: { Status, Pid, ConmonPid } }: InspectedContainer): boolean {
  const isHeldForAlive = ["running", "paused", "stopping"].includes(Status);
  return isHeldForAlive && ConmonPid !== undefined && hasEnded(Pid) && hasEnded(ConmonPid);
}

/**
 * Whether there is no such process, or only what is left of one until somebody asks how it ended. Never where podman's
 * process ids may mean others here: in a container, or beside a virtual machine.
 */
export function hasEnded(pid: number): boolean {
  if (!isOnTheHost) return false;
  if (pid <= 0) return true;
  if (hasProgram(pid)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "latin1");
    return status.slice(status.lastIndexOf(")") + 2, status.lastIndexOf(")") + 3) === "Z";
  } catch {
    // Hidden, or gone this moment.
    return false;
  }
}

/**
 * Whether a process can be seen to run something: what has ended does not. One call of the kernel, where the other ways take six,
 * and a list asks it about every container. Another user's process, or the kernel's own, shows nothing here.
 */
function hasProgram(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process id means the same here as to the machine's podman. */
export const isOnTheHost = ((): boolean => {
  try {
    return readlinkSync("/proc/self/ns/pid") === firstPidNamespace;
  } catch {
    return false;
  }
})();
