import { isRecord } from "./messages.ts";
import type { Qmp } from "./qmp.ts";

/**
 * What QEMU says of its guest: `running`, `shutdown`, `paused`, `guest-panicked`, `internal-error` (its emulation failed),
 * and more; `unknown` if it does not say.
 */
export async function runState(qmp: Qmp, options: { readonly timeoutMs?: number } = {}): Promise<string> {
  const answer = await qmp.execute("query-status", {}, options);
  return isRecord(answer) && typeof answer.status === "string" ? answer.status : "unknown";
}
