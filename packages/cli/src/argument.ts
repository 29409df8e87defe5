import { string } from "@oclif/core/args";

interface ArgumentOptions {
  readonly description: string;
}

/*
 * Arguments of commands. oclif would take one that was left out from standard input, and wait for it: of a script's, say, or
 * of the definition that `--file -` reads.
 */

export const optionalArgument = ({ description }: ArgumentOptions) =>
  string({ description, ignoreStdin: true });

export const requiredArgument = ({ description }: ArgumentOptions) =>
  string({ description, required: true, ignoreStdin: true });
