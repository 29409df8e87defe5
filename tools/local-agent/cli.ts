import { Problem, type ProblemJSON, problemFromJSON } from "@mcp/base";
import { run } from "@mcp/host";
import type { Places } from "./places.ts";

export interface Operation {
  readonly state: string;
  readonly steps: readonly unknown[];
  readonly notes: readonly string[];
}

/**
 * What `tools/mcp <arguments> --json` prints.
 * @throws Problem what the CLI refused, as it says it.
 */
export async function mcpJson<T>(places: Places, ...args: string[]): Promise<T> {
  // As somebody in the checkout types it, so that its hints say the same.
  const argv = ["tools/mcp", ...args, "--json"];
  const { stdout, stderr, exitCode } = await run(argv, {
    cwd: places.checkout,
    env: { MCP_CONFIG: undefined },
    timeoutMs: 300_000,
    anyExitCode: true,
  });
  if (exitCode === 0) return JSON.parse(stdout) as T;
  const { problem } = (parsed(stdout) ?? {}) as { readonly problem?: ProblemJSON };
  if (problem) throw problemFromJSON(problem);
  throw new Problem(
    "tool_failed",
    `${args.join(" ")} failed: ${stderr.trim()}`,
    `try: tools/mcp ${args.join(" ")}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
