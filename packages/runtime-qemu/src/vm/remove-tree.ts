import { run } from "@mcp/host";

/**
 * Remove a folder that QEMU's user may write in. Node's own `rm` walks by paths: a folder that is exchanged for a link while
 * it walks would lead it elsewhere, as root. `rm` of coreutils walks by descriptors and follows none.
 */
export async function removeTree(path: string): Promise<void> {
  await run(["rm", "-rf", "--one-file-system", "--", path], { timeoutMs: 60_000 });
}
