import { Problem } from "@mcp/base";

/** What the file system refused to somebody who works on the state folder, as a problem; other errors as they are. */
export function asStateProblem(error: unknown, stateDir: string): unknown {
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || syscall === undefined) return error;
  const cause = { cause: error };
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new Problem("disk_full", `no space left in ${stateDir}`, `make room: df -h ${stateDir}`, cause);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new Problem(
        "permission_denied",
        `the state of virtual machines cannot be written: ${message}`,
        `look at: ls -ld ${stateDir}`,
        cause,
      );
    default:
      return new Problem(
        "runtime_failed",
        `the state of virtual machines cannot be used: ${message}`,
        `look at: ls -la ${stateDir}`,
        cause,
      );
  }
}
