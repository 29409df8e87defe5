import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";

/** Whether a registry is on this machine, so that nobody is between. */
export function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The registries that podman itself takes without TLS, by `registries.conf` and the folder beside it. */
export async function insecureByPodman(
  env: Readonly<Record<string, string | undefined>>,
  systemFolder = "/etc/containers",
): Promise<string[]> {
  const own = join(env.HOME ?? "/root", ".config/containers");
  const files: string[] = [];
  for (const folder of [systemFolder, own]) {
    files.push(join(folder, "registries.conf"));
    const beside = join(folder, "registries.conf.d");
    const names = await readdir(beside).catch(() => []);
    files.push(...names.filter((name) => name.endsWith(".conf")).map((name) => join(beside, name)));
  }
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return texts.flatMap(insecureIn);
}

/** What podman reads itself it also complains about itself: a file that makes no sense here is passed over. */
export function insecureIn(text: string): string[] {
  let parsed: { registry?: unknown };
  try {
    parsed = parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(parsed.registry)) return [];
  return parsed.registry.flatMap((entry: { insecure?: unknown; location?: unknown; prefix?: unknown }) => {
    if (entry.insecure !== true) return [];
    return [entry.location, entry.prefix].filter((name) => typeof name === "string");
  });
}
