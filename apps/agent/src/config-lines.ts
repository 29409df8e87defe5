/**
 * The 1-based line on which a dotted name stands in TOML: its key, or the header of its table. A scan by line, since
 * the parser keeps no positions; undefined where it cannot tell (a key inside an inline table, say).
 */
export function lineOfKey(text: string, name: string): number | undefined {
  let section = "";
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[+\s*([^\]]+?)\s*\]+/.exec(line)?.[1];
    if (header !== undefined) section = `${plain(header)}.`;
    const key = /^\s*([\w.\-"' ]+?)\s*=/.exec(line)?.[1];
    const here = header !== undefined ? section.slice(0, -1) : key !== undefined ? section + plain(key) : "";
    if (here === name || here.startsWith(`${name}.`)) return index + 1;
  }
  return undefined;
}

/** The same for a key in the table of this index among those that begin with `[[name]]`: the header's, if the key is not there. */
export function lineInTable(text: string, name: string, index: number, key: string): number | undefined {
  const lines = text.split("\n");
  const headers = lines.flatMap((line, at) => {
    const header = /^\s*(\[+)\s*([^\]]+?)\s*\]+/.exec(line);
    return header ? [{ at, isTable: header[1] === "[[" && plain(header[2] as string) === name }] : [];
  });
  const begin = headers.filter(({ isTable }) => isTable)[index];
  if (!begin) return undefined;
  const end = headers.find(({ at }) => at > begin.at)?.at ?? lines.length;
  const found = lines
    .slice(begin.at + 1, end)
    .findIndex((line) => plain(/^\s*([\w.\-"' ]+?)\s*=/.exec(line)?.[1] ?? "").split(".")[0] === key);
  return found === -1 ? begin.at + 1 : begin.at + found + 2;
}

const plain = (name: string): string => name.replaceAll(/["'\s]/g, "");
