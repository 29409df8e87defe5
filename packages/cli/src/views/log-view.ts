import type { LogLineJson } from "@mcp/client";
import type { Paint, Style } from "../terminal/style.ts";

export interface LogViewOptions {
  readonly style: Style;
  /** Of all components whose lines come, for prefixes of one width; one or none: no prefix. */
  readonly components: readonly string[];
  readonly hasTimestamps: boolean;
}

/** What makes a log line text: with its component before it where there are several, each in a colour of its own. */
export function logView({ style, components, hasTimestamps }: LogViewOptions): (line: LogLineJson) => string {
  const width = Math.max(0, ...components.map((name) => name.length));
  const paints: readonly Paint[] = [
    style.cyan,
    style.magenta,
    style.yellow,
    style.green,
    style.blue,
    style.red,
  ];
  return ({ at = "", component = "", text = "" }) => {
    const paint = paints[Math.max(0, components.indexOf(component)) % paints.length] ?? style.cyan;
    const prefix = components.length > 1 ? `${paint(`${component.padEnd(width)} |`)} ` : "";
    return `${hasTimestamps ? `${style.dim(at)} ` : ""}${prefix}${text}`;
  };
}
