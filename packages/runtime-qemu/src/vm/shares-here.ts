import { access } from "node:fs/promises";
import { run } from "@mcp/host";

/** Where distributions put it: it is on nobody's PATH. */
const places = [
  "/usr/lib/qemu/virtiofsd",
  "/usr/libexec/virtiofsd",
  "/usr/lib/virtiofsd",
  "/run/current-system/sw/bin/virtiofsd",
];

export async function findVirtiofsd(): Promise<string | undefined> {
  for (const place of places) {
    const found = await access(place).then(
      () => true,
      () => false,
    );
    if (found) return place;
  }
  return undefined;
}

/**
 * The words before a program that give it a mount namespace of its own. For who is not root, a user namespace as well, with
 * more than one user in it (`--map-auto`, by /etc/subuid): virtiofsd gives up its groups, which is denied in any other.
 */
export const ownMounts = (): readonly string[] => [
  ...["unshare", "--mount", "--propagation", "private"],
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user", "--map-auto"]),
  "--",
];

/** Why no folder can be shared with a microVM here; undefined where one can. */
export async function sharesMissing(signal: AbortSignal): Promise<string | undefined> {
  if ((await findVirtiofsd()) === undefined) return "virtiofsd is not installed";
  const { exitCode, stderr } = await run([...ownMounts(), "mount", "-t", "tmpfs", "tmpfs", "/run"], {
    anyExitCode: true,
    timeoutMs: 10_000,
    signal,
  });
  if (exitCode === 0) return undefined;
  const why = stderr.trimEnd().split("\n").at(-1) ?? "";
  return `virtiofsd needs root, or a user namespace and subordinate ids (apt install uidmap, /etc/subuid): ${why}`;
}
