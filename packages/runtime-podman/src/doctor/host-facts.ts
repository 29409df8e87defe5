import { access, readFile } from "node:fs/promises";
import { userInfo } from "node:os";

/** What podman does not say of its host. */
export interface HostFacts {
  readonly user: string;
  readonly hasSystemd: boolean;
  /** Whether what the user runs goes on after they log out. */
  readonly lingers: boolean;
  /** Whether this process may raise resource limits, and so podman's defaults work. */
  readonly mayRaiseLimits: boolean;
  /** Whether `[podman] ulimits` are set. */
  readonly hasUlimits: boolean;
}

export async function hostFacts(hasUlimits: boolean): Promise<HostFacts> {
  const user = userInfo().username;
  const [hasSystemd, lingers, status] = await Promise.all([
    exists("/run/systemd/system"),
    exists(`/var/lib/systemd/linger/${user}`),
    readFile("/proc/self/status", "utf8").catch(() => ""),
  ]);
  return { user, hasSystemd, lingers, mayRaiseLimits: mayRaiseLimits(status), hasUlimits };
}

const capSysResource = 24n;

/** @param status  of `/proc/self/status`; its `CapEff` is a mask in hexadecimal, see capabilities(7). */
export function mayRaiseLimits(status: string): boolean {
  const mask = /^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> capSysResource) & 1n) === 1n;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
