import { readFileSync } from "node:fs";

/** What this process hands on to the programs that it starts, beyond what root has anyway. Asked once: it does not change. */
let handsOn: boolean | undefined;

/**
 * The arguments that run a program without the capabilities which this process was given for itself (`AmbientCapabilities` of its
 * service), and which every program it starts would have as well. Where there are none, which is the rule, as they are.
 *
 * @example const [program = "", ...args] = withoutCapabilities(["podman", "system", "service"]);
 */
export function withoutCapabilities(argv: readonly string[]): readonly string[] {
  handsOn ??= hasAmbient(readStatus());
  return handsOn ? [...dropped, ...argv] : argv;
}

const dropped = ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--"];

/** From `/proc/PID/status`. */
export const hasAmbient = (status: string): boolean => /^CapAmb:\s*0*[1-9a-f]/m.test(status);

/**
 * What `setpriv` says of a program that it could not start: its exit code is the shell's, 126 or 127.
 * @returns node's code for the same.
 */
export function setprivFailure(exitCode: number, stderr: string): "ENOENT" | "EACCES" | undefined {
  if (!stderr.startsWith("setpriv: failed to execute")) return undefined;
  return exitCode === 127 ? "ENOENT" : "EACCES";
}

/** Only Linux has such a file, and such capabilities. */
function readStatus(): string {
  try {
    return readFileSync("/proc/self/status", "utf8");
  } catch {
    return "";
  }
}
