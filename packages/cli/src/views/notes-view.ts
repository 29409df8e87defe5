import type { Style } from "../terminal/style.ts";

const ofComponent = /^([a-z0-9-]+): (.*)$/s;

/** A line for each note; what is said of several components in the same words is said once, with all of them before it. */
export function noteLines(notes: readonly string[], style: Style): string[] {
  const components = new Map<string, string[]>();
  for (const note of notes) {
    const [, component, text] = ofComponent.exec(note) ?? [];
    const key = text ?? note;
    components.set(key, [...(components.get(key) ?? []), ...(component === undefined ? [] : [component])]);
  }
  return [...components].map(([text, of]) => {
    const before = of.length === 0 ? "" : `${[...new Set(of)].join(", ")}: `;
    return `${style.yellow("note:")} ${before}${text}`;
  });
}
