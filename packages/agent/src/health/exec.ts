import { asProblem } from "@mcp/base";
import { redact } from "@mcp/host";
import type { CheckResult } from "@mcp/planner";
import type { Runtime } from "@mcp/runtime";

const mostOutput = 200;

/** Nothing that a terminal would obey. */
const lastLine = (output: string): string =>
  String(redact(output.trim().split("\n").at(-1) ?? ""))
    .replace(/\p{Cc}/gu, "")
    .slice(0, mostOutput);

/** A program run inside, without a shell: exit code 0 passes. */
export async function askExec(
  runtime: Pick<Runtime, "exec">,
  instance: string,
  argv: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CheckResult> {
  const program = argv[0] ?? "";
  try {
    const { exitCode, output } = await runtime.exec(instance, argv, { timeoutMs }, signal);
    const said = lastLine(output);
    return {
      passed: exitCode === 0,
      text: `${program} exited with code ${exitCode}${exitCode === 0 || said === "" ? "" : `: ${said}`}`,
    };
  } catch (thrown) {
    signal.throwIfAborted();
    return { passed: false, text: `${program}: ${asProblem(thrown).message}` };
  }
}
