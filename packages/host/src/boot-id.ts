import { readFile } from "node:fs/promises";
import { Problem } from "@mcp/base";

/**
 * What tells one boot of this machine from the next: a UUID that the kernel draws when it starts.
 *
 * @throws Problem `tool_missing` where the kernel's file cannot be read.
 */
export async function bootId(path = "/proc/sys/kernel/random/boot_id"): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw new Problem(
      "tool_missing",
      `${path} cannot be read, so a reboot could not be told from a restart`,
      "mount /proc: mount -t proc proc /proc",
      { cause },
    );
  }
}
