/**
 * One word for a shell that means just these characters: between single quotes nothing is special but the single quote
 * itself, which is written outside of them.
 */
export const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export const shellWords = (words: readonly string[]): string => words.map(shellWord).join(" ");
