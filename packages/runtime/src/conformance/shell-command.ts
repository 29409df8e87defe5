import type { WorkloadSpec } from "../spec.ts";
import type { Script } from "./rig.ts";

/** What a script is in an image that has busybox's shell, `httpd`, `cat` and `sleep`, and something in `/www`. */
export function shellCommand(script: Script): Pick<WorkloadSpec, "cmd" | "entrypoint"> {
  switch (script.does) {
    case "sleeps":
      return shell('trap "exit 0" TERM', ...forEver);
    case "says when it is asked to stop":
      return shell('trap "echo asked to stop; exit 0" TERM', "echo ready", ...forEver);
    case "ignores being asked to stop":
      return shell('trap "" TERM', "echo ready", ...forEver);
    case "ticks":
      return shell('trap "exit 0" TERM', "i=0", 'while :; do i=$((i+1)); echo "tick $i"; sleep 0.1; done');
    case "prints and exits": {
      const { stdout = [], stderr = [], afterMs = 0, code } = script;
      return shell(
        ...stdout.map((line) => `printf '%s\\n' ${quoted(line)}`),
        ...stderr.map((line) => `printf '%s\\n' ${quoted(line)} >&2`),
        `sleep ${afterMs / 1_000}`,
        `exit ${code}`,
      );
    }
    case "prints its environment":
      return shell(`printf '%s\\n' "$${script.variable}"`);
    case "prints a file":
      return { cmd: ["cat", script.path] };
    case "serves http":
      return shell('trap "exit 0" TERM', `httpd -f -p ${script.port} -h /www &`, "wait");
    case "cannot start":
      return { entrypoint: ["/no/such/program"] };
  }
}

const forEver = ["while :; do sleep 1000 & wait $!; done"];

/** One statement a line, since `&` ends one too. */
function shell(...statements: string[]): Pick<WorkloadSpec, "cmd"> {
  return { cmd: ["sh", "-c", statements.join("\n")] };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
