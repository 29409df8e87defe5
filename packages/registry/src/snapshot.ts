import { existsSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Problem } from "@mcp/base";
import { replaceFile } from "@mcp/host";
import type { Database } from "./database.ts";
import { createPrivate } from "./database-file.ts";
import { asDatabaseProblem } from "./database-problem.ts";

// 1 MiB a step, about a millisecond; other work runs between the steps.
const pagesPerStep = 256;
const allPages = 2 ** 31 - 1;

/** See `Registry.snapshot`; why it is made this way is in `docs/decisions/registry-snapshot.md`. */
export async function snapshot(database: Database, toPath: string): Promise<void> {
  const target = resolve(toPath);
  if (existsSync(target) && realpathSync(target) === database.file) throw overItself(target);
  const part = `${target}.part`;
  try {
    await replaceFile(target, part, () => copyTo(part, database));
  } catch (error) {
    await rm(`${part}-journal`, { force: true });
    throw asSnapshotProblem(error, target);
  }
}

async function copyTo(part: string, database: Database): Promise<void> {
  await rm(part, { force: true });
  createPrivate(part);
  // Of a reader the writer is another process, and each of its writes would make the copy start again.
  const pages = database.isReadOnly ? allPages : pagesPerStep;
  await (await database.alone((raw) => ({ done: raw.backup(part, { progress: () => pages }) }))).done;
}

function asSnapshotProblem(error: unknown, target: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return asDatabaseProblem(error, target);
  const folder = dirname(target);
  return new Problem(
    "file_not_found",
    `there is no folder ${folder} for the snapshot`,
    `make it: mkdir -p ${folder}`,
    {
      cause: error,
    },
  );
}

const overItself = (target: string): Problem =>
  new Problem("usage", `${target} is the database itself`, "name another file for the snapshot");
