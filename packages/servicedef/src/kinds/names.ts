import { characterName, quoted } from "../quoted.ts";
import type { Kind } from "./kind.ts";
import { plainText } from "./scalars.ts";

export const maxNameLength = 63;
const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

/** A DNS label: the only form in which a name can be a hostname, a network alias and a folder at once. */
export const dnsLabel: Kind<string> = plainText("DNS label", labelMistake, { pattern: `^${label}$` });

/** A host's full name, in lower case. */
export const hostname: Kind<string> = plainText("host name", hostnameMistake, {
  pattern: `^${label}(\\.${label})*$`,
  maxLength: 253,
});

function labelMistake(text: string): string | undefined {
  if (text === "") return 'is empty; a name has 1 to 63 characters: a-z, 0-9 and "-"';
  if (text.length > maxNameLength)
    return `${quoted(text)} is ${text.length} characters long; at most ${maxNameLength} are allowed`;
  const odd = Array.from(text).find((character) => !/^[a-z0-9-]$/.test(character));
  if (odd !== undefined) {
    const lower = text.toLowerCase();
    const better = new RegExp(`^${label}$`).test(lower) ? `; write "${lower}"` : "";
    return `${quoted(text)} has the character ${characterName(odd)} in it; a name is made of a-z, 0-9 and "-"${better}`;
  }
  if (text.startsWith("-") || text.endsWith("-")) return `"${text}" begins or ends with "-"; a name may not`;
  return undefined;
}

function hostnameMistake(text: string): string | undefined {
  if (text.length > 253) return `${quoted(text)} is longer than the 253 characters of a host name`;
  for (const part of text.split(".")) {
    const mistake = labelMistake(part);
    if (mistake !== undefined)
      return part === text
        ? mistake
        : `${quoted(text)} is not a host name: ${part === "" ? "a part of it is empty" : mistake}`;
  }
  return undefined;
}

/** A network of the node. */
export const networkName: Kind<string> = plainText(
  "name",
  (text) => {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(text))
      return `${quoted(text)} is not a network's name: letters, digits, "_", "." and "-", at most 63`;
    if (networkModes.has(text))
      return `"${text}" is a way to do without a network of one's own, which is not offered; name a network`;
    return undefined;
  },
  { pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$" },
);

/** Words that container runtimes read as modes; a network cannot be called so. */
const networkModes = new Set([
  "host",
  "none",
  "bridge",
  "private",
  "default",
  "container",
  "ns",
  "pasta",
  "slirp4netns",
]);

/** `uid`, `uid:gid`, or names that the image knows. */
export const userName: Kind<string> = plainText(
  "`user[:group]`",
  (text) =>
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?$/.test(text)
      ? undefined
      : `${quoted(text)} is not a user; write "uid:gid", such as "1000:1000", or names that the image knows`,
  { pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?$" },
);

/** A short text on one line. */
export const oneLine: Kind<string> = plainText(
  "text",
  (text) =>
    text.trim() === "" || text.length > 1_000 || /[\0-\x1f\x7f]/.test(text)
      ? `${quoted(text)} must be one line of 1 to 1000 characters`
      : undefined,
  { minLength: 1, maxLength: 1_000 },
);

/** Any string at all: an argument, or a value of the environment. */
export const anyText: Kind<string> = plainText("string", () => undefined);

/** What a component is known as on its node: its hostname and network alias. */
export function knownName(service: string, component: string): string {
  return service === component ? service : `${service}-${component}`;
}
