import { chmodSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { FakeClock } from "@mcp/base/fake-clock";
import { run } from "@mcp/host";
import { expect, it, onTestFinished } from "vitest";
import { lockDatabase } from "../src/index.ts";
import { migrations } from "../src/migrations/index.ts";
import { openDatabase } from "../src/open-database.ts";
import { open, temporaryFolder } from "./temporary.ts";

const as = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
const nobody = async (...argv: string[]) => (await run([...as, ...argv], { anyExitCode: true })).exitCode;

it("nothing in a database's folder can be read, written or listed by another account", async ({ skip }) => {
  skip(process.getuid?.() !== 0, "only root can look as somebody else");
  const above = temporaryFolder();
  chmodSync(above, 0o711);
  const path = join(above, "srv", "mcp", "mcp.db");
  const folder = dirname(path);
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  const lock = lockDatabase(path);
  onTestFinished(() => lock.release());
  const older = await open({ path });
  await older.registry.setMeta("secret", "of the operator");
  await older.registry.snapshot(join(folder, "copy.db"));
  await older.registry.close();
  const number = migrations.length + 1;
  const later = { number, name: "later", statements: ["create table later (a integer) strict"] };
  const database = openDatabase({ path, clock: new FakeClock(), migrations: [...migrations, later] });
  onTestFinished(() => database.close());

  const names = readdirSync(folder);
  expect(names.sort()).toEqual(
    [
      "copy.db",
      "mcp.db",
      `mcp.db.before-${number}`,
      "mcp.db-shm",
      "mcp.db-wal",
      "mcp.db.lock",
      "mcp.db.lock-journal",
    ].sort(),
  );
  for (const name of names) {
    expect([name, await nobody("head", "-c1", join(folder, name))]).toEqual([name, 1]);
    expect([name, await nobody("test", "-w", join(folder, name))]).toEqual([name, 1]);
  }
  expect(await nobody("ls", folder)).toBe(2);
  expect(await nobody("touch", join(folder, "mcp.db-journal"))).toBe(1);
  // It really looks as somebody who gets that far.
  expect(await nobody("test", "-e", path)).toBe(0);
});
