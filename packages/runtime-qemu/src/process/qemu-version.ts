import { Problem } from "@mcp/base";
import type { Run } from "@mcp/host";
import { findProgram } from "./find-program.ts";

/** The QEMU of this machine. */
export interface Qemu {
  /** Absolute. */
  readonly program: string;
  /** `7.2.22` */
  readonly version: string;
  /** All that it says of itself, with the distribution's own version: another text is another QEMU. */
  readonly build: string;
}

const oldest = [7, 0] as const;

/**
 * @param program  a path, or a name that is looked for on the PATH.
 * @throws Problem `tool_missing` if it is not there or too old to be given devices as JSON (before 7.0), and what `run` throws.
 */
export async function findQemu(run: Run, signal: AbortSignal, program = "qemu-system-x86_64"): Promise<Qemu> {
  const path = await findProgram(program);
  const { stdout } = path ? await run([path, "--version"], { timeoutMs: 10_000, signal }) : { stdout: "" };
  const qemu = path ? parseVersion(path, stdout) : undefined;
  if (!qemu) {
    throw new Problem(
      "tool_missing",
      path ? `${path} is no QEMU` : `${program} is not installed, or not on the PATH`,
      "install it: apt install qemu-system-x86",
    );
  }
  const [major = 0, minor = 0] = qemu.version.split(".").map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new Problem(
      "tool_missing",
      `QEMU ${qemu.version} is too old: ${oldest.join(".")} is needed`,
      "install a newer one: apt install qemu-system-x86",
    );
  }
  return qemu;
}

export function parseVersion(program: string, text: string): Qemu | undefined {
  const build = text.split("\n", 1)[0] ?? "";
  const version = /^QEMU emulator version (\d+\.\d+(?:\.\d+)?)/.exec(build)?.[1];
  return version === undefined ? undefined : { program, version, build };
}
