/** Follows the console of the machine whose folder it is given, as an agent does, until it is killed. */
import { realClock, silentLogger } from "@mcp/host";
import { Console } from "../../src/console/console.ts";
import { VmFolder } from "../../src/vm/vm-folder.ts";

const [path = "", maxLogBytes] = process.argv.slice(2);
const folder = VmFolder.at(path);
const outputs = { stdout: "stdout", stderr: "stderr" };
const limits = { maxLogBytes: Number(maxLogBytes), slackBytes: 16 * 1024 };
new Console({ folder, outputs, clock: realClock, log: silentLogger, ...limits }).start();
