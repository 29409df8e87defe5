const shownLength = 60;

/**
 * Text of unknown origin for a message: in quotes, on one line, in plain ASCII and not too long, so that line breaks,
 * terminal codes and look-alike letters can neither hide nor do harm. `"h\u{435}llo"` is what a Cyrillic е gives.
 */
export function quoted(text: string): string {
  // A cut through a surrogate pair would show half a character.
  const shown = text.slice(0, shownLength).replace(/[\ud800-\udbff]$/, "");
  const rest = text.length > shownLength ? "…" : "";
  return `"${Array.from(shown, escaped).join("")}${rest}"`;
}

const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function escaped(character: string): string {
  return named[character] ?? (isPlain(character) ? character : `\\u{${codeOf(character)}}`);
}

/** One character by name: `"_"`, or `U+0435` where it could not be told from another, or not be seen. */
export function characterName(character: string): string {
  return isPlain(character) && character !== " "
    ? `"${character}"`
    : `U+${codeOf(character).toUpperCase().padStart(4, "0")}`;
}

const isPlain = (character: string): boolean => /^[ -~]$/.test(character);
const codeOf = (character: string): string => (character.codePointAt(0) ?? 0).toString(16);
