import { basename } from "node:path";
import { Problem } from "@mcp/base";

/**
 * Why a program did not even begin, from what node says of it.
 * @param pack  what brings the program
 */
export function couldNotStart(
  program: string,
  cause: NodeJS.ErrnoException,
  pack = basename(program),
): Problem {
  if (cause.code === "EACCES")
    return new Problem("tool_failed", `${program} may not be executed`, `look at: ls -l ${program}`, {
      cause,
    });
  // There is none left of something: file descriptors, processes, memory.
  if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR")
    return new Problem(
      "tool_failed",
      `${program} could not be started: ${cause.message}`,
      "see what is used up: ulimit -a; free -m",
      {
        cause,
      },
    );
  if (program.includes("/")) {
    const message = `${program} does not exist, or what its first line names does not`;
    return new Problem("tool_missing", message, `look at: ls -l ${program}`, { cause });
  }
  return new Problem("tool_missing", `${program} is not installed, or not on the PATH`, `install ${pack}`, {
    cause,
  });
}
