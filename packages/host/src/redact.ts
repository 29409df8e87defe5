const secretKey =
  /(token|passw(or)?d|passphrase|secret|authorization|registry-?auth|cookie|(api|private)-?_?key)s?$/i;
const hidden = "[redacted]";
const deepest = 6;

/**
 * A copy of a value that is fit for a log: what stands under a key that names a secret is hidden, as are passwords in
 * URLs and bearer or basic credentials inside text. Errors become plain objects with their cause.
 */
export function redact(value: unknown): unknown {
  return copy(value, 0, new Set());
}

function copy(value: unknown, depth: number, above: ReadonlySet<object>): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (above.has(value)) return "[circular]";
  if (depth >= deepest) return "[deeper]";
  const within = new Set(above).add(value);
  const inner = (item: unknown) => copy(item, depth + 1, within);
  if (value instanceof Date) return value.toJSON();
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Map) return copy(Object.fromEntries(value), depth, above);
  if (value instanceof Set) return [...value].map(inner);
  const fields = value instanceof Error ? errorFields(value) : Object.entries(value);
  return Object.fromEntries(
    fields.map(([key, item]) => [key, secretKey.test(key) && item !== undefined ? hidden : inner(item)]),
  );
}

function errorFields(error: Error): [string, unknown][] {
  const { name, message, stack, cause } = error;
  const fields: [string, unknown][] = [["name", name], ["message", message], ...Object.entries(error)];
  if (cause !== undefined) fields.push(["cause", cause]);
  fields.push(["stack", stack]);
  return [...new Map(fields)];
}

/** Credentials inside text, hidden. */
export function redactText(text: string): string {
  return text
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${hidden}`)
    .replace(/(\/\/[^/\s:@]*):[^/\s@]+@/g, `$1:${hidden}@`);
}
