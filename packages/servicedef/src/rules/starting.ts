import type { Place } from "../place.ts";
import { type DraftComponent, placed } from "./draft.ts";

/** Linux's `MAX_ARG_STRLEN`: one argument, or one `NAME=value`, with the byte that ends it. */
const mostStringBytes = 131_072;
/**
 * All of them together. Linux allows a quarter of the stack's limit, usually 2 MiB; the rest is left to the image's own
 * variables and arguments.
 */
const mostBytes = 1_048_576;
const pointerBytes = 8;

/** Whether a kernel would take what the program is started with: more than this could never be started. */
export function checkStart(component: DraftComponent, at: Place): void {
  let total = 0;
  for (const [name, value] of Object.entries(component.env ?? {})) {
    const bytes = sizeOf(name) + sizeOf(value) + 2;
    if (bytes > mostStringBytes)
      at.key("env").key(name).wrong(`is ${bytes} bytes long with its name; ${mayHave} Mount it as a file`);
    total += bytes + pointerBytes;
  }
  const lists = { entrypoint: component.entrypoint, cmd: component.cmd };
  for (const [key, list] of Object.entries(lists))
    for (const [argument, place] of placed(list, at.key(key))) {
      const bytes = sizeOf(argument) + 1;
      if (bytes > mostStringBytes) place.wrong(`is ${bytes} bytes long; ${mayHave} Mount it as a file`);
      total += bytes + pointerBytes;
    }
  if (total > mostBytes && !["env", "entrypoint", "cmd"].some((key) => at.key(key).hasMistake)) {
    const largest = component.env && Object.keys(component.env).length > 0 ? "env" : "cmd";
    at.key(largest).wrong(
      `makes ${total} bytes of variables and arguments; a program can be started with ${mostBytes} at most. Mount it as a file`,
    );
  }
}

const mayHave = `a program can be started with ${mostStringBytes} at most in one variable or argument.`;

const encoder = new TextEncoder();
const sizeOf = (text: string): number => encoder.encode(text).length;
