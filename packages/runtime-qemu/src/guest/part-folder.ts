import { identityOf, isAlive } from "../process/process-identity.ts";

/**
 * A name for what this process makes: it says who does, so that what the dead left can be told from what another living
 * process is at.
 */
async function makersName(prefix: string, rest: string): Promise<string> {
  const own = await identityOf(process.pid);
  return `${prefix}${process.pid}-${own?.startTicks ?? 0}-${rest}`;
}

/** Undefined if it is the name of no such thing. */
async function isMadeByTheLiving(prefix: string, name: string): Promise<boolean | undefined> {
  if (!name.startsWith(prefix)) return undefined;
  const [, pid, startTicks] = /^([1-9]\d{0,9})-(\d{1,20})-/.exec(name.slice(prefix.length)) ?? [];
  if (pid === undefined || startTicks === undefined) return undefined;
  return isAlive({ pid: Number(pid), startTicks });
}

const part = ".part-";

/** The name of a folder in which this process builds. */
export const partName = (key: string, random: string): Promise<string> =>
  makersName(part, `${key.slice(0, 16)}-${random}`);

export const isBuiltByTheLiving = (name: string): Promise<boolean | undefined> =>
  isMadeByTheLiving(part, name);

const opsImage = "mcp-";

/** The name of an image that ops builds for this process. Without a dot: ops cuts it there. */
export const opsImageName = (random: string): Promise<string> => makersName(opsImage, random);

export const isOpsImageOfTheLiving = (name: string): Promise<boolean | undefined> =>
  isMadeByTheLiving(opsImage, name);
