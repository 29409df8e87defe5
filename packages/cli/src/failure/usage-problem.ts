import { nearest, Problem } from "@mcp/base";

/** What oclif's parser throws, by what it carries: its classes have other names in a bundle, and in a plugin's own copy. */
interface ParseError {
  readonly message: string;
  readonly oclif?: { readonly exit?: number };
  readonly parse?: { readonly input?: { readonly flags?: Readonly<Record<string, unknown>> } };
  /** Flags that there are not. */
  readonly flags?: readonly string[];
  /** Arguments that are missing (with a name), or were one too many. */
  readonly args?: readonly (string | { readonly name?: string; readonly description?: string })[];
}

/** A mistake in what was typed, as a Problem; undefined for anything else that was thrown. */
export function usageProblem(thrown: unknown, command: string): Problem | undefined {
  if (!(thrown instanceof Error) || !("oclif" in thrown)) return undefined;
  const error = thrown as ParseError;
  const help = `see: mcp ${command === "" ? "" : `${command} `}--help`;
  if (Array.isArray(error.flags)) {
    const [flag = ""] = error.flags as string[];
    const near = nearest(flag.replace(/^-+/, ""), Object.keys(error.parse?.input?.flags ?? {}));
    const hint = near === undefined ? help : `did you mean --${near}? ${help}`;
    return new Problem("usage", `there is no flag ${flag}`, hint, { cause: thrown });
  }
  if (Array.isArray(error.args)) {
    const [first] = error.args;
    const message =
      typeof first === "string"
        ? `${JSON.stringify(first)} is one argument too many`
        : `the argument ${(first?.name ?? "").toUpperCase()} is missing`;
    return new Problem("usage", message, help, { cause: thrown });
  }
  return new Problem("usage", plainly(error.message), help, { cause: thrown });
}

/** One line of what oclif says in several: `Parsing --tail`, then why it could not. */
function plainly(message: string): string {
  const [first = "", second] = message
    .replaceAll(/\u001b\[\d+m/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("See more help"));
  const flag = /^Parsing (\S+)$/.exec(first)?.[1];
  const why = second !== undefined && (flag !== undefined || first.endsWith(":")) ? second : first;
  return `${flag === undefined ? "" : `${flag}: `}${aboutNumbers(why) ?? why.charAt(0).toLowerCase() + why.slice(1)}`;
}

/** `Expected an integer greater than or equal to 0 but received: -1`, in fewer words. */
function aboutNumbers(why: string): string | undefined {
  const found = /^Expected an integer(?: greater than or equal to (\S+))? but received: (.*)$/.exec(why);
  if (!found) return undefined;
  const [, least, given = ""] = found;
  return least === undefined
    ? `${JSON.stringify(given)} is not a whole number`
    : `${given} is less than ${least}`;
}
