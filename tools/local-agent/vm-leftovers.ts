import { Problem } from "@mcp/base";
import { realClock, silentLogger } from "@mcp/host";
import { createQemu } from "@mcp/runtime-qemu";
import { type Places, vmFolders } from "./places.ts";

/** Nothing is booted here. */
const none = () =>
  Promise.reject(new Problem("image_not_found", "there are no images", "see: podman images"));
const noImages = { resolve: none, exists: none, pull: none, export: none };

/**
 * End and remove the virtual machines of this checkout that no agent knows of any more, as after its database was removed.
 * @returns their names.
 */
export async function removeVms(places: Places): Promise<string[]> {
  const signal = AbortSignal.timeout(60_000);
  const { state, images } = vmFolders(places);
  const qemu = createQemu({
    stateDir: state,
    imageDir: images,
    images: noImages,
    clock: realClock,
    log: silentLogger,
  });
  const removed: string[] = [];
  try {
    for (const runtime of [qemu.microvm, qemu.unikernel]) {
      for (const { name } of await runtime.list(signal)) {
        await runtime.remove(name, signal);
        removed.push(name);
      }
    }
  } finally {
    await qemu.close();
  }
  return removed;
}
