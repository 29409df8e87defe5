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

const plain = (name: string): string => name.replaceAll(/["'\s]/g, "");
