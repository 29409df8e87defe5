import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Step } from "./boot-disk.ts";

/**
 * What a guest does by its program's arguments: `--print TEXT`, `--wait MS`, `--env NAME` and `--file PATH` (prints what is
 * there when the image is built, in the present folder), `--exit CODE`, `--ticks` and `--again` (from the start) for
 * ever. Without an end it stands still.
 */
export function stepsOf(argv: readonly string[], env: Readonly<Record<string, string>>): Step[] {
  const steps: Step[] = [];
  const line = (text: string): void => {
    steps.push({ does: "print", text: `${text}\r\n` });
  };
  for (let index = 1; index < argv.length; index++) {
    const option = argv[index];
    if (option === "--ticks") {
      line("tick");
      steps.push({ does: "wait", ms: 100 }, { does: "again", from: steps.length - 1 });
      continue;
    }
    if (option === "--again") {
      steps.push({ does: "again", from: 0 });
      continue;
    }
    const value = argv[++index] ?? "";
    if (option === "--print") line(value);
    if (option === "--env") line(env[value] ?? "");
    if (option === "--file") line(readFileSync(join(".", value), "utf8").trimEnd());
    if (option === "--wait") steps.push({ does: "wait", ms: Number(value) });
    if (option === "--exit") steps.push({ does: "exit", code: Number(value) });
  }
  return steps;
}
