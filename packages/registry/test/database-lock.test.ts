import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { lockDatabase } from "../src/index.ts";
import { mountSmall, remount, requireRoot } from "./mounts.ts";
import { deployed, open, problemOf, temporaryFolder } from "./temporary.ts";

const holder = fileURLToPath(new URL("holder.ts", import.meta.url));

/** Another program that holds the lock. */
async function hold(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--conditions", "@mcp/source", holder, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(([code]) => expect.fail(`the holder ended by itself with ${code}`)),
  ]);
  return child;
}

const refusal = (path: string) => problemOf((async () => lockDatabase(path))());

it("a database that another program holds is refused, with that program's process id", async () => {
  const path = join(temporaryFolder(), "mcp.db");
  const { pid } = await hold(path);
  expect(await refusal(path)).toMatchObject({
    code: "database_in_use",
    message: `the database ${path} is in use by another agent, process ${pid}`,
    hint: `stop that one first, or see: ps ${pid}`,
  });
});

it("a database is one and the same by whatever name", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "mcp.db");
  const lock = lockDatabase(path);
  onTestFinished(lock.release);
  symlinkSync(path, join(folder, "alias.db"));
  expect(await refusal(join(folder, "alias.db"))).toMatchObject({ code: "database_in_use" });
  expect(statSync(`${path}.lock`).mode & 0o777).toBe(0o600);
});

it("a lock is free again when it is released, and when its holder is killed", async () => {
  const path = join(temporaryFolder(), "mcp.db");
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const child = await hold(path);
    expect(await refusal(path)).toMatchObject({ code: "database_in_use" });
    child.kill(signal);
    await once(child, "exit");
    lockDatabase(path).release();
  }
});

it("a database that is held can be read, written and copied by who needs no lock", async () => {
  const path = join(temporaryFolder(), "mcp.db");
  await hold(path);
  const { registry } = await open({ path });
  await deployed(registry, "a");
  const beside = await open({ path, readOnly: true });
  expect(await beside.registry.service("a")).toMatchObject({ currentRevision: 1 });
  await beside.registry.snapshot(join(temporaryFolder(), "copy.db"));
});

it("a database on a read-only file system cannot be held, which is said as of the database itself", async (context) => {
  requireRoot(context);
  const folder = await mountSmall(2_000);
  const path = join(folder, "mcp.db");
  lockDatabase(path).release();
  await remount(folder, "ro");
  onTestFinished(() => remount(folder, "rw"));
  expect(await refusal(path)).toMatchObject({ code: "database_read_only" });
});
