import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { nearest, Problem } from "@mcp/base";

/** Bytes; the agent takes no more. */
const maxBytes = 1024 * 1024;

export interface DefinitionFile {
  /** As it was named, or found; `-` is standard input. */
  readonly file: string;
  readonly text: string;
}

/** Where the definition of a service lies. */
export const definitionFileOf = (service: string, servicesDir: string): string =>
  join(servicesDir, `${service}.toml`);

/**
 * Read a definition's file, or standard input for `-`. What it says is another matter.
 * @throws Problem `file_not_found`, `permission_denied`, `usage` for a folder, `definition_too_large`.
 */
export function readDefinition(file: string): DefinitionFile {
  const bytes = read(file);
  if (bytes.length > maxBytes)
    throw new Problem(
      "definition_too_large",
      `${file} is larger than 1 MiB, the most a definition may be`,
      "keep data in files below the service's folder, and mount them with volumes",
    );
  return { file, text: bytes.toString("utf8") };
}

function read(file: string): Buffer {
  try {
    if (file === "-") return readUpTo(0, maxBytes + 1);
    const descriptor = openSync(file, "r");
    try {
      if (fstatSync(descriptor).isDirectory()) throw isFolder(file);
      return readUpTo(descriptor, maxBytes + 1);
    } finally {
      closeSync(descriptor);
    }
  } catch (thrown) {
    throw asReadProblem(file, thrown);
  }
}

/** Never more than is allowed, whatever a pipe or a device would give. */
function readUpTo(descriptor: number, most: number): Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < most) {
    const chunk = Buffer.allocUnsafe(Math.min(64 * 1024, most - length));
    const count = readSync(descriptor, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    length += count;
  }
  return Buffer.concat(chunks);
}

const isFolder = (file: string): Problem =>
  new Problem("usage", `${file} is a folder, not a definition`, "name the file in it: --file hello.toml");

function asReadProblem(file: string, thrown: unknown): unknown {
  switch ((thrown as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
      return new Problem("file_not_found", `there is no file ${file}`, "look at the path after --file", {
        cause: thrown,
      });
    case "EISDIR":
      return isFolder(file);
    case "EACCES":
    case "EPERM":
      return new Problem("permission_denied", `you may not read ${file}`, `look at: ls -l ${file}`, {
        cause: thrown,
      });
    default:
      return thrown;
  }
}

/** For a service whose file is not in the services folder: what may have been meant. */
export function noDefinition(service: string, file: string, command: string): Problem {
  const near = nearest(service, servicesIn(dirname(file)));
  return new Problem(
    "file_not_found",
    `there is no definition of ${service}: ${file} does not exist`,
    near === undefined
      ? `write it there, or name the file: mcp ${command} --file hello.toml`
      : `did you mean: mcp ${command} ${near}`,
  );
}

function servicesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".toml"))
      .map((name) => name.slice(0, -".toml".length));
  } catch {
    return [];
  }
}
