import { runMcp } from "@mcp/cli";

// Written in by the build, from package.json.
declare const MCP_VERSION: string;

/** @param root  the folder of the app. */
export const main = (argv: readonly string[], root: string): Promise<number> =>
  runMcp({ argv, version: MCP_VERSION, root });
