import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configReference } from "../../apps/agent/src/config-reference.ts";
import { metricsReference } from "../../packages/agent/src/metrics/reference.ts";

// Writes the parts of docs/ that are made from code. Tests keep them equal.
const parts = [
  { page: "agent-config.md", mark: "keys", table: configReference() },
  { page: "metrics.md", mark: "metrics", table: metricsReference() },
];

for (const { page, mark, table } of parts) {
  const path = join(import.meta.dirname, "../../docs", page);
  const text = await readFile(path, "utf8");
  const between = new RegExp(`(<!-- ${mark}: [^\\n]* -->\\n)[\\s\\S]*?(<!-- end -->)`);
  await writeFile(path, text.replace(between, `$1${table}\n$2`));
}
