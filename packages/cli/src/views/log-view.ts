import type { LogLineJson } from "@mcp/client";
import type { Paint, Style } from "../terminal/style.ts";

export interface LogViewOptions {
  readonly style: Style;
  /** Those whose lines are expected, for prefixes of one width; one or none: no prefix until another one's line comes. */
  readonly components: readonly string[];
  readonly hasTimestamps: boolean;
}

/** What makes a log line text: with its component before it where there are several, each in a colour of its own. */
export function logView({ style, components, hasTimestamps }: LogViewOptions): (line: LogLineJson) => string {
  const names = [...components];
  const paints: readonly Paint[] = [
    style.cyan,
    style.magenta,
    style.yellow,
    style.green,
    style.blue,
    style.red,
  ];
  return ({ at = "", component = "", text = "", found = false }) => {
    // A deploy while the log is followed may add one.
    if (!names.includes(component)) names.push(component);
    const width = Math.max(...names.map((name) => name.length));
    const paint = paints[names.indexOf(component) % paints.length] ?? style.cyan;
    const prefix = names.length > 1 ? `${paint(`${component.padEnd(width)} |`)} ` : "";
    // Written earlier than that: nobody was there to read it.
    const time = style.dim(`${found ? "~" : ""}${at}`);
    return `${hasTimestamps ? `${time} ` : ""}${prefix}${text}`;
  };
}

/** Whether a line is the first of an instance that takes over from another one of its component; asked of each in turn. */
export function successions(): (line: LogLineJson) => boolean {
  const seen = new Map<string, Set<string>>();
  return ({ component = "", instance = "" }) => {
    const instances = seen.get(component);
    if (!instances) seen.set(component, new Set([instance]));
    else if (!instances.has(instance)) instances.add(instance);
    else return false;
    return instances !== undefined;
  };
}
