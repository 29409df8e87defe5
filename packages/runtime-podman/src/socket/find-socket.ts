import type { Ping } from "./ping.ts";

export interface Surroundings {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where podman's socket may be, the likeliest first. */
export function socketCandidates({ uid, env }: Surroundings): string[] {
  const system = "/run/podman/podman.sock";
  if (uid === 0) return [system];
  return [`${env.XDG_RUNTIME_DIR ?? `/run/user/${uid}`}/podman/podman.sock`, system];
}

/** The first of them at which podman answers. */
export async function findSocket(
  candidates: readonly string[],
  ping: Ping,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const candidate of candidates) {
    if ((await ping(candidate, signal)) !== undefined) return candidate;
  }
  return undefined;
}
