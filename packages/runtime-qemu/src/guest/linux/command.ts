import { Problem } from "@mcp/base";
import type { ImageConfig, WorkloadSpec } from "@mcp/runtime";
import { argvOf, envOf } from "../command.ts";
import { type Accounts, resolveUser } from "./accounts.ts";

/** What is run in a guest, complete. */
export interface GuestCommand {
  /** At least one word. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly uid: number;
  readonly gid: number;
  /** Further groups of the user. */
  readonly groups: readonly number[];
}

/**
 * What a spec and an image mean together in a Linux guest.
 *
 * @throws Problem `start_failed` if there is nothing to run, if the image does not know the user, or for a NUL.
 */
export function commandOf(spec: WorkloadSpec, image: ImageConfig, accounts: Accounts): GuestCommand {
  const argv = argvOf(spec, image);
  if (argv.length === 0 || argv[0] === "") {
    throw new Problem(
      "start_failed",
      `the image ${spec.image.reference} does not say what to run`,
      'say it in the definition: cmd = ["/path/of/the/program"]',
    );
  }
  const { uid, gid, groups, home } = resolveUser(spec.user ?? image.user, accounts);
  const env = envOf(spec, image, { HOME: home });
  const workdir = spec.workdir ?? (image.workdir || "/");
  refuseWhatNoProgramCanGet(argv, env, workdir);
  return { argv, env, workdir, uid, gid, groups };
}

function refuseWhatNoProgramCanGet(argv: readonly string[], env: GuestCommand["env"], workdir: string): void {
  const wrong = (what: string): Problem =>
    new Problem("start_failed", `${what}, which no program can be given`, "correct it in the definition");
  if (argv.some(hasNul)) throw wrong("the command has a NUL character in it");
  if (hasNul(workdir)) throw wrong("workdir has a NUL character in it");
  for (const [key, value] of Object.entries(env)) {
    if (key === "" || key.includes("=") || hasNul(key))
      throw wrong(`env has the name ${JSON.stringify(key)}`);
    if (hasNul(value)) throw wrong(`env ${key} has a NUL character in it`);
  }
}

const hasNul = (text: string): boolean => text.includes("\0");
