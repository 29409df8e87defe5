import { readFile } from "node:fs/promises";

/** The names of the devices in this network namespace, without a program being started for it. */
export async function presentLinks(): Promise<readonly string[]> {
  const text = await readFile("/proc/self/net/dev", "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => /^\s*([^:\s]+):/.exec(line)?.[1] ?? []);
}

export const isThere = async (name: string): Promise<boolean> => (await presentLinks()).includes(name);
