// Holds the lock of a database until it is killed or asked to end, for `database-lock.test.ts`.
import { lockDatabase } from "../src/index.ts";

const lock = lockDatabase(process.argv[2] ?? "");
const hold = setInterval(() => {}, 60_000);
process.once("SIGTERM", () => {
  lock.release();
  clearInterval(hold);
});
process.stdout.write("held\n");
