/**
 * Text from outside, as it may be written to a terminal within a line: what would move the cursor, change colours, begin
 * another line or turn the direction of writing is shown as its escape, such as `\x1b` or `\n`.
 */
export function oneLine(text: string): string {
  return text.replaceAll(commanding, (character) => named[character] ?? escaped(character));
}

/** The same for text that may have several lines. */
export const eachLine = (text: string): string => text.split("\n").map(oneLine).join("\n");

/** Controls of ASCII and of Latin-1, separators of lines and paragraphs, marks of direction. */
const commanding = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
