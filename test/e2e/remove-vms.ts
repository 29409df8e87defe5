import { join } from "node:path";
import { realClock, silentLogger } from "@mcp/host";
import { createQemu } from "@mcp/runtime-qemu";
import { TestImages } from "../../packages/runtime-qemu/test/test-images.ts";

/** End what a test that failed has left running. No agent may run over this state folder any more. */
export async function removeVms(stateDir: string): Promise<void> {
  const options = { stateDir, imageDir: join(stateDir, "../images"), images: new TestImages() };
  const { microvm, close } = createQemu({ ...options, clock: realClock, log: silentLogger });
  try {
    const signal = AbortSignal.timeout(30_000);
    for (const { name } of await microvm.list(signal)) await microvm.remove(name, signal);
  } finally {
    await close();
  }
}
