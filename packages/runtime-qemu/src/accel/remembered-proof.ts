import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "@mcp/host";
import type { Proof } from "./verdicts.ts";

/** All that an answer depends on: it is forgotten when any of it changes. */
export type Circumstances = Readonly<Record<string, unknown>>;

/** Of what is proven, too: an answer of a weaker proof is none. */
const version = 2;
/** What may have been an overloaded machine's fault is not asked for at every start of a guest, but soon again. */
const doubtfulForMs = 10 * 60_000;

/** What was remembered under the same circumstances; undefined if nothing, or nothing that can be read: it is proven again then. */
export async function recall(
  path: string,
  circumstances: Circumstances,
  nowMs: number,
): Promise<Proof | undefined> {
  try {
    const kept = JSON.parse(await readFile(path, "utf8"));
    if (kept.v !== version || JSON.stringify(kept.circumstances) !== JSON.stringify(circumstances))
      return undefined;
    const { ok, why, hint, isLasting } = kept.proof;
    if (ok === true) return { ok };
    const ageMs = nowMs - kept.atMs;
    if (isLasting !== true && !(ageMs >= 0 && ageMs < doubtfulForMs)) return undefined;
    return ok === false && typeof why === "string" && typeof hint === "string"
      ? { ok, why, hint, isLasting: isLasting === true }
      : undefined;
  } catch {
    return undefined;
  }
}

/** @throws Problem as `writeFileAtomic` does. */
export async function remember(
  path: string,
  circumstances: Circumstances,
  proof: Proof,
  nowMs: number,
): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify({ v: version, atMs: nowMs, circumstances, proof })}\n`);
}
