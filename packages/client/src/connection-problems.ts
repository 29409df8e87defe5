import { Problem } from "@mcp/base";

const startIt = "start it: mcp-agent server --config /srv/mcp/mcp-agent.toml, or: systemctl start mcp-agent";

/** Nobody could be reached at the socket. */
export function unreachable(path: string, cause: unknown): Problem {
  switch ((cause as NodeJS.ErrnoException).code) {
    case "EACCES":
    case "EPERM":
      return new Problem(
        "permission_denied",
        `you may not open ${path}: the agent's socket is its owner's alone`,
        `run mcp as the user that runs the agent: ls -l ${path}`,
        { cause },
      );
    case "ENOENT":
    case "ENOTDIR":
      return new Problem("agent_unreachable", `no agent is running here: there is no ${path}`, startIt, {
        cause,
      });
    case "ECONNREFUSED":
      return new Problem("agent_unreachable", `no agent answers at ${path}`, startIt, { cause });
    default:
      return new Problem("agent_unreachable", `the agent at ${path} cannot be reached`, startIt, { cause });
  }
}

/** Whether a problem is that of `unreachable`: then nothing was asked of the agent. */
export const wasNeverReached = ({ cause }: Problem): boolean =>
  (cause as NodeJS.ErrnoException | undefined)?.syscall === "connect";

/** It was reached, and then went away. */
export const brokenConnection = (path: string, cause: unknown): Problem =>
  new Problem(
    "agent_unreachable",
    `the connection to the agent at ${path} broke`,
    "see whether it is running: mcp node status",
    { cause },
  );

/** Something listens there that speaks another language. */
export const notAnAgent = (path: string, cause: unknown): Problem =>
  new Problem(
    "agent_unreachable",
    `what answers at ${path} is not an mcp agent`,
    "correct the address under [[nodes]] in mcp.toml",
    { cause },
  );
