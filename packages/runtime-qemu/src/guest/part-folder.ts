import { identityOf, isAlive } from "../process/process-identity.ts";

/**
 * The name of a folder in which this process builds: it says who builds, so that what the dead left can be told from
 * what another living process is at.
 */
export async function partName(key: string, random: string): Promise<string> {
  const own = await identityOf(process.pid);
  return `.part-${process.pid}-${own?.startTicks ?? 0}-${key.slice(0, 16)}-${random}`;
}

/** Undefined if it is the name of no such folder. */
export async function isBuiltByTheLiving(name: string): Promise<boolean | undefined> {
  const [, pid, startTicks] = /^\.part-([1-9]\d{0,9})-(\d{1,20})-/.exec(name) ?? [];
  if (pid === undefined || startTicks === undefined) return undefined;
  return isAlive({ pid: Number(pid), startTicks });
}
