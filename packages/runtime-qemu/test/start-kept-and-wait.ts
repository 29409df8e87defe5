import { startKept } from "../src/process/keeper.ts";

// As an agent does: start a process, say which it is, and live on until killed. Arguments: what to start, as JSON.
const identity = await startKept(JSON.parse(process.argv[2] ?? ""));
process.stdout.write(`${identity.pid} ${identity.startTicks} ${identity.bootId}\n`);
setInterval(() => {}, 60_000);
