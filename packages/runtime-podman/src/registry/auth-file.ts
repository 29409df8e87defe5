import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@mcp/base";

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** In place of a password, where the registry gave one out. */
  readonly identityToken?: string;
}

/** Where podman keeps credentials, the one that counts first. */
export function authFiles(
  configured: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): string[] {
  const explicit = configured ?? env.REGISTRY_AUTH_FILE;
  if (explicit) return [explicit];
  const home = env.HOME ?? "/root";
  const runtimeDir = env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, "containers") : `/run/containers/${uid}`;
  return [
    join(runtimeDir, "auth.json"),
    join(env.XDG_CONFIG_HOME ?? join(home, ".config"), "containers/auth.json"),
    join(home, ".docker/config.json"),
  ];
}

/**
 * The credentials for a repository, of the first file that has some. Read each time: a login must not need a restart.
 *
 * @throws Problem `config_invalid` for a file that is none; its content is not shown.
 */
export async function readCredentials(
  files: readonly string[],
  registry: string,
  path: string,
): Promise<Credentials | undefined> {
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    const found = text === undefined ? undefined : credentialsIn(text, file, registry, path);
    if (found) return found;
  }
  return undefined;
}

/** The longest key wins: a login may be for a registry, or for a part of it. */
export function credentialsIn(
  text: string,
  file: string,
  registry: string,
  path: string,
): Credentials | undefined {
  const auths = parseAuths(text, file);
  const parts = path.split("/");
  const keys = parts.map((_, cut) => [registry, ...parts.slice(0, parts.length - cut)].join("/"));
  for (const key of [...keys, registry]) {
    const entry = Object.entries(auths).find(([known]) => withoutScheme(known) === key)?.[1];
    const found = entry && decode(entry);
    if (found) return found;
  }
  return undefined;
}

interface AuthEntry {
  readonly auth?: string;
  readonly identitytoken?: string;
}

function parseAuths(text: string, file: string): Record<string, AuthEntry> {
  try {
    return (JSON.parse(text) as { auths?: Record<string, AuthEntry> }).auths ?? {};
  } catch {
    throw new Problem(
      "config_invalid",
      `${file} is no auth file: it is not JSON`,
      "make it anew: podman login",
    );
  }
}

/** Docker writes addresses such as `https://registry.example/v1/`. */
function withoutScheme(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
}

function decode({ auth, identitytoken }: AuthEntry): Credentials | undefined {
  const text = Buffer.from(auth ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  const username = text.slice(0, colon);
  const password = text.slice(colon + 1);
  return { username, password, ...(identitytoken && { identityToken: identitytoken }) };
}
