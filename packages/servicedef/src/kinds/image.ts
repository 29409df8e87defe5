import { quoted } from "../quoted.ts";
import type { Kind } from "./kind.ts";
import { plainText } from "./scalars.ts";

const maxReferenceLength = 512;
const maxRepositoryLength = 255;

const hostPart = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?";
const host = `(${hostPart}(\\.${hostPart})*|\\[[0-9a-fA-F:.]+\\])(:[0-9]{1,5})?`;
const folder = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*";
const repository = `(${host}/)?${folder}(/${folder})*`;
const tagForm = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const digestForm = "sha256:[0-9a-f]{64}";

const isRepository = matcher(repository);
const isTag = matcher(tagForm);
const isDigest = matcher(digestForm);

/** `repository:tag`, `repository@sha256:…` or both; what would mean "whatever is newest" is refused. */
export const imageReference: Kind<string> = plainText("image reference", referenceMistake, {
  pattern: `^${repository}(:${tagForm}|(:${tagForm})?@${digestForm})$`,
  maxLength: maxReferenceLength,
});

/** A tag that stands for one version. */
export const versionTag: Kind<string> = plainText("tag, never `latest`", tagMistake, {
  pattern: `^${tagForm}$`,
  not: { const: "latest" },
});

/** The name of an image that is built: the last part of its repository. */
export const isImageName = (text: string): boolean => text.length <= 128 && matcher(folder)(text);
export const imageNameSchema = { pattern: `^${folder}$`, maxLength: 128 };

/** Undefined when `text` can stand before `/hello:v1`: `mcr.example.net:8443`, with folders behind it or not. */
export function registryMistake(text: string): string | undefined {
  const [first = ""] = text.split("/");
  // Else runtimes read the first part as a folder of some registry of their own choice.
  const namesHost = first === "localhost" || /[.:]/.test(first);
  return namesHost && text.length <= maxRepositoryLength && isRepository(`${text}/x`)
    ? undefined
    : `${quoted(text)} is not an image registry; write host:port without https://, such as mcr.example.net:8443`;
}

function referenceMistake(text: string): string | undefined {
  if (text === "") return "is empty; leave the key out to use the convention";
  if (text.length > maxReferenceLength)
    return `is ${text.length} characters long; an image reference has at most ${maxReferenceLength}`;
  if (text.includes("://"))
    return "must be written without a scheme such as https://, like registry:8443/hello:v1";
  const { name, tag, digest } = parts(text);
  // Not shown: what stands before an @ that is not a digest's may be a password.
  if (digest !== undefined && !isDigest(digest))
    return 'must end in "@sha256:" and 64 hex digits, if it has an "@" in it';
  if (!isRepository(name) || name.length > maxRepositoryLength) {
    const lower = isRepository(name.toLowerCase()) ? "; it must be in lower case" : "";
    return `${quoted(text)} is not an image reference; write it like registry:8443/hello:v1${lower}`;
  }
  if (tag !== undefined) return tagMistake(tag);
  if (digest === undefined)
    return `${quoted(text)} has no tag, which would mean "latest": what runs could change without anyone asking; write a version, such as ${name}:v1`;
  return undefined;
}

function tagMistake(tag: string): string | undefined {
  if (tag === "latest")
    return 'the tag "latest" is whatever was pushed last, so what runs could change without anyone asking; write a version, such as v1.2.0';
  if (!isTag(tag))
    return `${quoted(tag)} is not a tag: 1 to 128 letters, digits, "_", "." and "-", not beginning with "." or "-"`;
  return undefined;
}

/** A colon after the last slash begins a tag; one before it belongs to the registry's port. */
function parts(text: string): { name: string; tag?: string; digest?: string } {
  const at = text.indexOf("@");
  const digest = at < 0 ? {} : { digest: text.slice(at + 1) };
  const tagged = at < 0 ? text : text.slice(0, at);
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  // `[::1]:5000` alone has colons and no slash; it is no image, and `isRepository` says so.
  if (colon < 0) return { name: tagged, ...digest };
  return { name: tagged.slice(0, colon), tag: tagged.slice(colon + 1), ...digest };
}

function matcher(pattern: string): (text: string) => boolean {
  const whole = new RegExp(`^(?:${pattern})$`);
  return (text) => whole.test(text);
}
