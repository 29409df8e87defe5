import { nearest, Problem } from "@mcp/base";
import type { ConfiguredNode, McpConfig } from "./mcp-config.ts";

/**
 * The node a command talks to: the one that `--node` names, else the definition's, else the first.
 * @throws Problem `node_not_found`.
 */
export function chooseNode(
  config: McpConfig,
  wanted: { readonly flag?: string; readonly definition?: string },
): ConfiguredNode {
  // Where no nodes are configured there is one agent, and it knows its own name: it refuses what is meant for another.
  const name = wanted.flag ?? (config.hasDefaultNode ? undefined : wanted.definition);
  if (name === undefined) return config.nodes[0];
  const node = config.nodes.find((one) => one.name === name);
  if (node) return node;
  const names = config.nodes.map((one) => one.name);
  const near = nearest(name, names);
  throw new Problem(
    "node_not_found",
    `there is no node ${name} in ${config.file ?? "the configuration, since there is none"}`,
    near === undefined
      ? `add it under [[nodes]], or use one of: ${names.join(", ")}`
      : `did you mean ${near}?`,
  );
}
