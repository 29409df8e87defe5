/** The word of an enum's value: `OBSERVED_STATE_CRASH_LOOPING` is `crash-looping`, and what is not given is `unknown`. */
export function wordOf(value: string | undefined, prefix: string): string {
  if (value === undefined || value === `${prefix}UNSPECIFIED`) return "unknown";
  return value.slice(prefix.length).toLowerCase().replaceAll("_", "-");
}

/** A 64-bit number, which is text on the wire; those that mcp counts with are far below 2^53. */
export const numberOf = (text: string | undefined): number => (text === undefined ? 0 : Number(text));

/** Of what a report always has: null where it is not known. */
export const orNull = <T>(value: T | undefined): T | null => value ?? null;

/** The same for numbers of which 0 means that there is none. */
export const numberOrNull = (text: string | undefined): number | null => numberOf(text) || null;
