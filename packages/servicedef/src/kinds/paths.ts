import type { Volume } from "../definition.ts";
import type { Place } from "../place.ts";
import { quoted } from "../quoted.ts";
import type { Kind } from "./kind.ts";
import { text } from "./scalars.ts";

const maxPathLength = 4_096;

/** A path from the root, without `.` and `..`; kept without doubled slashes and without one at its end. */
export const absolutePath: Kind<string> = text({
  says: "absolute path",
  schema: { pattern: "^/", maxLength: maxPathLength },
  parse(written, at) {
    const path = tidyPath(written);
    return "path" in path ? path.path : at.wrong(path.mistake);
  },
  print: (path) => path,
});

/** A path below some folder that is given elsewhere, without `..`. */
export const relativePath: Kind<string> = text({
  says: "relative path",
  schema: { pattern: "^[^/]", maxLength: maxPathLength },
  parse(written, at) {
    if (written.startsWith("/"))
      return at.wrong(`${quoted(written)} must be relative: without "/" at its start`);
    const mistake = written === "" ? "is empty" : pathMistake(written);
    return mistake === undefined ? written : at.wrong(mistake);
  },
  print: (path) => path,
});

/** `host:guest[:ro,Z]` */
export const volumeMount: Kind<Volume> = text({
  says: "`host:guest[:ro,Z]`",
  schema: { pattern: "^/[^:]*:/[^:]+(:(ro|Z|ro,Z|Z,ro))?$", maxLength: 2 * maxPathLength + 10 },
  parse: parseVolume,
  print({ host, guest, readOnly, relabel }) {
    const options = [...(readOnly ? ["ro"] : []), ...(relabel ? ["Z"] : [])];
    return [host, guest, ...(options.length > 0 ? [options.join(",")] : [])].join(":");
  },
});

function parseVolume(written: string, at: Place): Volume | undefined {
  const [hostPart, guestPart, optionPart, ...rest] = written.split(":", 4);
  if (hostPart === undefined || guestPart === undefined || rest.length > 0)
    return at.wrong(
      `${quoted(written)} is not a volume; write host:guest[:ro,Z], such as "/srv/hello:/data:ro"`,
    );
  const host = tidyPath(hostPart);
  const guest = tidyPath(guestPart);
  const options = optionPart === undefined ? [] : optionPart.split(",", 3);
  const odd = options.find((option) => option !== "ro" && option !== "Z");
  const named = /^[A-Za-z0-9_.-]+$/.test(hostPart) ? "; named volumes do not exist here" : "";
  if ("mistake" in host) at.wrong(`on the host, ${host.mistake}${named}`);
  if ("mistake" in guest) at.wrong(`in the guest, ${guest.mistake}`);
  else if (guest.path === "/") at.wrong(`${quoted(written)} would hide the whole image; mount it below "/"`);
  if (odd !== undefined) at.wrong(`${quoted(odd)} is not an option of a volume; "ro" and "Z" are`);
  else if (new Set(options).size < options.length) at.wrong(`${quoted(written)} gives an option twice`);
  else if (!("mistake" in host || "mistake" in guest) && guest.path !== "/")
    return {
      host: host.path,
      guest: guest.path,
      readOnly: options.includes("ro"),
      relabel: options.includes("Z"),
    };
  return undefined;
}

function tidyPath(written: string): { path: string } | { mistake: string } {
  if (!written.startsWith("/"))
    return { mistake: `${quoted(written)} must be an absolute path: with "/" at its start` };
  const mistake = pathMistake(written);
  if (mistake !== undefined) return { mistake };
  return { path: written.replace(/\/+/g, "/").replace(/(.)\/$/, "$1") };
}

function pathMistake(written: string): string | undefined {
  if (written.length > maxPathLength) return `${quoted(written)} is longer than ${maxPathLength} characters`;
  if (/[\0-\x1f\x7f]/.test(written)) return `${quoted(written)} has a control character in it`;
  const steps = written.split("/");
  if (steps.includes("..") || steps.includes("."))
    return `${quoted(written)} must be written without "." and ".." as steps`;
  return undefined;
}
