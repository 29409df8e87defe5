import { open } from "node:fs/promises";
import { Problem } from "@mcp/base";

const mostBytes = 64 * 1024;

/**
 * A secret from a file that only its owner can read, without the line end.
 *
 * @throws Problem `alert_failed`
 */
export async function readSecret(path: string): Promise<string> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw failed(`the secret in ${path} cannot be read`, `look at: ls -l ${path}`, cause);
  });
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0)
      throw failed(`others can read the secret in ${path}`, `type: chmod 600 ${path}`);
    if (size > mostBytes) throw failed(`${path} is too large for a secret`, `look at: ls -l ${path}`);
    const secret = (await file.readFile("utf8")).trim();
    if (secret === "") throw failed(`the secret in ${path} is empty`, `write it into ${path}`);
    if (/[\p{Cc}]/u.test(secret))
      throw failed(`the secret in ${path} is more than one line`, `leave one line in ${path}`);
    return secret;
  } finally {
    await file.close();
  }
}

const failed = (what: string, hint: string, cause?: unknown): Problem =>
  new Problem("alert_failed", what, hint, { cause });

/** What another machine said, without the secret that it was told, and not too much of it. */
export const withoutSecret = (text: string, secret: string | undefined): string =>
  (secret ? text.replaceAll(secret, "[redacted]") : text).slice(0, 500);
