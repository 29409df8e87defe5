import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";

const main = new URL("../src/main.ts", import.meta.url).pathname;
const script = `const { main } = await import(${JSON.stringify(main)}); process.exitCode = await main(process.argv.slice(1), process.env);`;

/**
 * The real agent, from its sources, as a process of its own.
 * @param words  before the program, such as `ip netns exec NAME`, that become it.
 */
export function spawnAgent(
  argv: readonly string[],
  stdio: StdioOptions = ["ignore", "pipe", "pipe"],
  env: Readonly<Record<string, string>> = {},
  words: readonly string[] = [],
): ChildProcess {
  const node = [
    "--conditions=@mcp/source",
    "--import",
    "tsx",
    "--input-type=module",
    "-e",
    script,
    "--",
    ...argv,
  ];
  const [program = "", ...args] = [...words, process.execPath, ...node];
  return spawn(program, args, { stdio, env: { ...process.env, ...env } });
}
