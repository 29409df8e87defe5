import { homedir } from "node:os";

/** The user's home; the root folder for one who is in no user database, as in some containers. */
export function homeOf(env: Readonly<Record<string, string | undefined>>): string {
  if (env.HOME) return env.HOME;
  try {
    return homedir();
  } catch {
    return "/";
  }
}
