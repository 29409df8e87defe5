import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "@mcp/host";

const mark = /^# Written by tools\/quickstart \(([0-9a-f]{12})\).*\n/;
/** Of earlier versions, which said that they would lose what was changed in it. */
const oldMark = /^# Written by tools\/quickstart,.*\n/;

export type Written = "new" | "same" | "changed by hand";

/**
 * Write a file of quickstart's, unless somebody has changed it since: its first line holds a digest of the rest.
 * @returns `changed by hand`: it is theirs now, and was left as it is.
 */
export async function writeOwnFile(path: string, text: string): Promise<Written> {
  const old = await readFile(path, "utf8").catch(() => undefined);
  const wanted = `# Written by tools/quickstart (${digestOf(text)}). Once you change it, it is yours and left as it is.\n${text}`;
  if (old === wanted) return "same";
  if (old !== undefined && !isOurs(old)) return "changed by hand";
  await writeFileAtomic(path, wanted, { mode: 0o600 });
  return "new";
}

function isOurs(text: string): boolean {
  const digest = mark.exec(text)?.[1];
  return digest === undefined ? oldMark.test(text) : digest === digestOf(text.replace(mark, ""));
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);
