import { Problem } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";

/**
 * Nanos opens each file of a shared folder for reading and writing, also to read it, which QEMU denies where the share is
 * read-only: nothing in it could be read.
 *
 * @throws Problem `runtime_unsupported` if a volume is to be read-only.
 */
export function refuseReadOnly({ name, volumes }: Pick<WorkloadSpec, "name" | "volumes">): void {
  const found = volumes.find(({ readOnly }) => readOnly);
  if (!found) return;
  throw new Problem(
    "runtime_unsupported",
    `${name} cannot mount ${found.guest} read-only: Nanos opens every file of a volume for writing, also to read it`,
    'leave out :ro, put the files into the image, or choose another kind: runtime = "microvm"',
  );
}
