/** The text of a JSON column. */
export const toJsonText = (value: unknown): string => JSON.stringify(value) ?? "null";

export const fromJsonText = (text: string): unknown => JSON.parse(text);
