import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "@mcp/host";
import type { Proof } from "./prove-kvm.ts";

/** All that an answer depends on: it is forgotten when any of it changes. */
export type Circumstances = Readonly<Record<string, unknown>>;

const version = 1;

/** What was remembered under the same circumstances; undefined if nothing, or nothing that can be read: it is proven again then. */
export async function recall(path: string, circumstances: Circumstances): Promise<Proof | undefined> {
  try {
    const kept = JSON.parse(await readFile(path, "utf8"));
    if (kept.v !== version || JSON.stringify(kept.circumstances) !== JSON.stringify(circumstances))
      return undefined;
    const { ok, why, hint } = kept.proof;
    if (ok === true) return { ok };
    return ok === false && typeof why === "string" && typeof hint === "string"
      ? { ok, why, hint, isLasting: true }
      : undefined;
  } catch {
    return undefined;
  }
}

/** @throws Problem as `writeFileAtomic` does. */
export async function remember(path: string, circumstances: Circumstances, proof: Proof): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify({ v: version, circumstances, proof })}\n`);
}
