import { nearest, Problem } from "@mcp/base";
import type { Config } from "@oclif/core/config";

export type Found =
  | { readonly type: "command"; readonly id: string; readonly argv: string[] }
  /** Words that begin commands and are none: `mcp service`. */
  | { readonly type: "topic"; readonly topic: string };

/**
 * The command that the words name, the longest that there is: `service show hello` is `service:show` with `hello`.
 * @throws Problem `usage`, with the nearest command.
 */
export function findCommand(argv: readonly string[], config: Pick<Config, "commandIDs">): Found {
  const flagAt = argv.findIndex((word) => word.startsWith("-"));
  const words = argv.slice(0, flagAt === -1 ? argv.length : flagAt);
  const ids = config.commandIDs;
  for (let count = Math.min(3, words.length); count > 0; count--) {
    const id = words.slice(0, count).join(":");
    if (ids.includes(id)) return { type: "command", id, argv: argv.slice(count) };
  }
  const [topic, word] = words;
  if (topic === undefined) throw noCommand(argv[0] ?? "", []);
  const below = ids.filter((id) => id.startsWith(`${topic}:`));
  if (word === undefined && below.length > 0) return { type: "topic", topic };
  throw noCommand(below.length > 0 ? `${topic}:${word}` : topic, ids);
}

function noCommand(typed: string, ids: readonly string[]): Problem {
  const spoken = typed.replaceAll(":", " ");
  if (typed.startsWith("-"))
    return new Problem("usage", `${typed} comes before any command`, `put it after: mcp status ${typed}`);
  const near = nearest(typed, ids)?.replaceAll(":", " ");
  return new Problem(
    "usage",
    `there is no command ${JSON.stringify(spoken)}`,
    near === undefined ? "see them all with: mcp --help" : `did you mean: mcp ${near}`,
  );
}
