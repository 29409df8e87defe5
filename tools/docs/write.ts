import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configReference } from "../../apps/agent/src/config-reference.ts";

// Writes the parts of docs/ that are made from code. Tests keep them equal.
const page = join(import.meta.dirname, "../../docs/agent-config.md");
const text = await readFile(page, "utf8");
await writeFile(
  page,
  text.replace(/(<!-- keys: [^\n]* -->\n)[\s\S]*?(<!-- end -->)/, `$1${configReference()}\n$2`),
);
