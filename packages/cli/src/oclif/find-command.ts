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
  const count = commandLength(words, ids);
  if (count > 0) return { type: "command", id: words.slice(0, count).join(":"), argv: argv.slice(count) };
  const [topic, word] = words;
  if (topic === undefined) throw flagFirst(argv, ids);
  const below = ids.filter((id) => id.startsWith(`${topic}:`));
  if (word === undefined && below.length > 0) return { type: "topic", topic };
  throw noCommand(below.length > 0 ? `${topic}:${word}` : topic, ids);
}

/** How many of the words name a command; 0 if they begin with none. */
function commandLength(words: readonly string[], ids: readonly string[]): number {
  for (let count = Math.min(3, words.length); count > 0; count--)
    if (ids.includes(words.slice(0, count).join(":"))) return count;
  return 0;
}

/** Flags that are followed by a value. */
const valued: readonly string[] = ["--node", "--config"];

function flagFirst(argv: readonly string[], ids: readonly string[]): Problem {
  const [flag = ""] = argv;
  const at = argv.findIndex(
    (_, index) => !valued.includes(argv[index - 1] ?? "") && commandLength(argv.slice(index), ids) > 0,
  );
  const better = at === -1 ? ["status", flag] : [...argv.slice(at), ...argv.slice(0, at)];
  return new Problem("usage", `${flag} comes before any command`, `put it after: mcp ${better.join(" ")}`);
}

function noCommand(typed: string, ids: readonly string[]): Problem {
  const begun = typed.length > 1 ? ids.find((id) => id.startsWith(typed)) : undefined;
  const near = (begun ?? nearest(typed, ids))?.replaceAll(":", " ");
  return new Problem(
    "usage",
    `there is no command ${JSON.stringify(typed.replaceAll(":", " "))}`,
    near === undefined ? "see them all with: mcp --help" : `did you mean: mcp ${near}`,
  );
}
