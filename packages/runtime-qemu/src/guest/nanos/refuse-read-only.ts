import { Problem } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";

/** QEMU denies that where the share is read-only, so that nothing in it could be read. */
export const opensForWriting = "Nanos opens every file of a volume for writing, also to read it";

/**
 * What the capabilities say, for whoever did not ask.
 *
 * @throws Problem `runtime_unsupported` if a volume is to be read-only.
 */
export function refuseReadOnly({ name, volumes }: Pick<WorkloadSpec, "name" | "volumes">): void {
  const found = volumes.find(({ readOnly }) => readOnly);
  if (!found) return;
  throw new Problem(
    "runtime_unsupported",
    `${name} cannot mount ${found.guest} read-only: ${opensForWriting}`,
    'leave out :ro, put the files into the image, or choose another kind: runtime = "microvm"',
  );
}
