import { Problem } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";
import { printable } from "./guest-words.ts";

/** What can be said of a virtual machine that did not come up. */
export interface FailedBoot {
  /** What QEMU wrote to its stderr. */
  readonly qemuSays: string;
  /** What came out of the guest last, for people. */
  readonly guestSays: readonly string[];
  /** The guest's own word on why its program could not be run. */
  readonly programFailed?: string;
  readonly accel: "kvm" | "tcg";
  /** What QEMU said of a guest that could not go on, for which it was ended: `internal-error`, say. */
  readonly stoppedAs?: string;
  /** How long it was waited for, if it still ran then. */
  readonly waitedMs?: number;
  readonly qemuExitCode?: number;
}

/** Said before anything is built: such a guest hangs without a word, or runs out of memory before its program. */
export const tooLittleMemory = ({ name, memoryMiB }: WorkloadSpec, leastMemoryMiB: number): Problem =>
  new Problem(
    "start_failed",
    `${name} could not be started: it has ${memoryMiB} MiB of memory, and its guest boots with ${leastMemoryMiB} MiB at least`,
    `give it more in its definition: memory = ${leastMemoryMiB}`,
  );

/** Why it did not come up, and what to type. */
export function startProblem({ name, ports, memoryMiB }: WorkloadSpec, failed: FailedBoot): Problem {
  const { qemuSays, guestSays, programFailed, accel, stoppedAs, waitedMs, qemuExitCode } = failed;
  const because = (what: string, hint: string) =>
    new Problem("start_failed", `${name} could not be started: ${what}`, hint);
  if (programFailed !== undefined) return because(printable(programFailed), hintOn(programFailed));
  if (stoppedAs !== undefined)
    return because(
      `its guest could not go on under ${accel} (${printable(stoppedAs)})${quoted(guestSays)}`,
      accel === "kvm" && stoppedAs === "internal-error"
        ? 'start it again: with [vm] accel = "auto" virtual machines now run by tcg; where it says "kvm", set accel = "tcg"'
        : "see what it printed: mcp logs",
    );
  const forwarded = /could not set up host forwarding rule '(?:tcp|udp):[^']*?:(\d{1,5})-/i.exec(
    qemuSays,
  )?.[1];
  if (forwarded !== undefined || /address already in use/i.test(qemuSays)) {
    const port = forwarded ?? ports.map(({ host }) => host).join(", ");
    return new Problem(
      "port_taken",
      `${name} could not be started: host port ${port} is already in use`,
      `see who holds it: ss -ltnup 'sport = :${forwarded ?? ports[0]?.host ?? 0}'`,
    );
  }
  const unreadable = /could not open '([^']+)': permission denied/i.exec(qemuSays)?.[1];
  if (unreadable !== undefined)
    return because(
      `the user that QEMU runs as may not read ${printable(unreadable)}`,
      `let it pass through each folder above, with chmod o+x: namei -l ${printable(unreadable)}`,
    );
  if (/no space left on device|disk quota exceeded/i.test(qemuSays))
    return new Problem(
      "disk_full",
      `${name} could not be started: ${lastLine(qemuSays)}`,
      "make room: df -h",
    );
  if (/cannot allocate memory|cannot set up guest memory/i.test(qemuSays))
    return because(
      `this machine cannot give it ${memoryMiB} MiB of memory`,
      "see what is free with: mcp node status; ask for less memory in its definition",
    );
  if (waitedMs !== undefined)
    return because(
      `its guest did not come up within ${Math.round(waitedMs / 1_000)} s${quoted(guestSays)}`,
      `an image that cannot boot prints nothing; otherwise give it more memory, or a kernel that knows its devices${
        accel === "kvm" ? '; if no other comes up either, set [vm] accel = "tcg"' : ""
      }`,
    );
  const said = lastLine(qemuSays) || `QEMU ended${qemuExitCode === undefined ? "" : ` with ${qemuExitCode}`}`;
  return because(`${said}${quoted(guestSays)}`, "see what this machine can run: mcp doctor");
}

/** Where it is the image that is at fault, and not what its definition says of it. */
function hintOn(programFailed: string): string {
  if (/ is built for /.test(programFailed))
    return "build the image for this machine: podman build --platform linux/amd64 …";
  if (/ needs .* to run, /.test(programFailed))
    return "link the program statically, or build the image from one that has what it needs";
  return "check cmd, entrypoint, workdir and user in its definition against its image";
}

const quoted = (lines: readonly string[]): string =>
  lines.length === 0 ? "" : `; the last that it printed:\n${lines.map((line) => `  ${line}`).join("\n")}`;

const lastLine = (text: string): string => printable(text.trimEnd().split("\n").at(-1)?.slice(0, 500) ?? "");
