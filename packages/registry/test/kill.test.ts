import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import BetterSqlite3 from "better-sqlite3";
import { expect, it } from "vitest";
import { open, temporaryFolder } from "./temporary.ts";

const writer = fileURLToPath(new URL("writer.ts", import.meta.url));

/** How many rounds of writing it has said to be finished. */
async function writeThenKill(path: string, round: number, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, ["--conditions", "@mcp/source", writer, path, String(round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const closed = once(child, "close");
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await Promise.race([
    once(child.stdout, "data"),
    exit.then(([code]) => expect.fail(`the writer ended by itself with ${code}`)),
  ]);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill("SIGKILL");
  expect((await exit)[1]).toBe("SIGKILL");
  await closed;
  // What follows the last line end was cut off.
  return Number(said.split("\n").at(-2));
}

/** Each query finds a transaction of which only a part is there. */
const torn = {
  steps: "select operation_id from step group by 1 having count(*) <> 3",
  events: "select component from event group by 1 having count(*) <> 3",
  proposals:
    "select number from revision join operation on id = operation_id where number is not operation.revision",
  "proposals of operations": `
    select id from operation where revision is not null and not exists (select 1 from revision where operation_id = id)`,
  claims: `
    select number from revision where (state in ('current', 'candidate'))
      <> (1 = (select count(*) from port_claim where revision = number))`,
  components: "select service from component group by 1 having count(*) <> 2",
  "the service": `
    select name from service where last_revision <> (select max(number) from revision)
      or (current_revision is not null and current_revision <> (select number from revision where state = 'current'))`,
};

it("a writer killed at any moment leaves whole transactions, and all that it had finished", async () => {
  const path = join(temporaryFolder(), "mcp.db");
  for (const [round, afterMs] of [30, 120, 5, 260, 61, 17].entries()) {
    const finished = await writeThenKill(path, round, afterMs);
    expect(finished).toBeGreaterThan(0);
    const { registry } = await open({ path });
    await registry.checkWritable();
    await registry.close();

    const db = new BetterSqlite3(path, { readonly: true });
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(db.pragma("foreign_key_check")).toEqual([]);
    for (const [what, query] of Object.entries(torn))
      expect([what, db.prepare(query).all()]).toEqual([what, []]);
    const kept = db
      .prepare("select count(*) from revision where state <> 'candidate' and operation_id like ?")
      .pluck()
      .get(`${round}-%`);
    db.close();
    expect(kept).toBeGreaterThanOrEqual(finished);
  }
});
