import { asProblem, type Clock, Problem } from "@mcp/base";
import type { Logger } from "@mcp/host";
import { endProcess } from "../process/end-process.ts";
import { readExit } from "../process/exit-record.ts";
import { isAlive, type ProcessIdentity, readIdentity } from "../process/process-identity.ts";
import { openQmp } from "../qmp/qmp.ts";
import { endShares } from "./shares.ts";
import type { VmFolder } from "./vm-folder.ts";

export interface EndDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/** A guest that was not listening yet is asked again. */
const askAgainMs = 1_000;
const lookEveryMs = 10;

/** Press the guest's power button, wait `graceMs`, then kill its QEMU. Returns once QEMU is gone and that is written down. */
export async function endGently(
  folder: VmFolder,
  process: ProcessIdentity,
  graceMs: number,
  { clock, log }: EndDeps,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonic() + graceMs;
  const asking = new AbortController();
  const asked = AbortSignal.any([signal, asking.signal]);
  let askAtMs = clock.monotonic();
  try {
    while (clock.monotonic() < deadline) {
      if (!(await isAlive(process))) return await untilWritten(folder, clock, signal);
      if (clock.monotonic() >= askAtMs) {
        askAtMs = clock.monotonic() + askAgainMs;
        void pressPowerButton(folder, graceMs, asked).catch((error: unknown) =>
          log.debug("a virtual machine cannot be asked to stop", {
            folder: folder.path,
            error: String(error),
          }),
        );
      }
      await clock.sleep(Math.min(lookEveryMs, Math.max(0, deadline - clock.monotonic())), signal);
    }
  } finally {
    asking.abort(new Error("it has ended, or is ended otherwise"));
  }
  await endAtOnce(folder, process, { clock, log }, signal);
}

/** @throws Problem `runtime_timeout` if the kernel does not end it. */
export async function endAtOnce(
  folder: VmFolder,
  process: ProcessIdentity,
  { clock }: EndDeps,
  signal: AbortSignal,
): Promise<void> {
  await endProcess(process, clock, signal);
  await untilWritten(folder, clock, signal);
}

/**
 * After a start that failed, also if nobody wants it any more: what comes next must not meet a QEMU that is about to go.
 * Then what failed is thrown; where something is left all the same that is told, and what failed first is its cause.
 */
export async function endFailedStart(
  error: unknown,
  folder: VmFolder,
  { clock, log }: EndDeps,
): Promise<never> {
  try {
    const left = await readIdentity(folder.pid);
    if (left && (await isAlive(left)))
      await endAtOnce(folder, left, { clock, log }, new AbortController().signal);
    await endShares(folder);
  } catch (later) {
    const { code, message, hint } = asProblem(later);
    throw new Problem(code, `${message}; before that: ${(error as Error).message}`, hint, { cause: error });
  }
  throw error;
}

async function pressPowerButton(folder: VmFolder, graceMs: number, signal: AbortSignal): Promise<void> {
  const qmp = await openQmp(folder.run, "qmp", signal);
  try {
    await qmp.execute("system_powerdown", {}, { timeoutMs: Math.min(graceMs, 2_000) });
  } finally {
    qmp.close();
  }
}

/** Its keeper writes down how it ended a moment after it did; where the keeper is gone as well, nobody does. */
export async function untilWritten(folder: VmFolder, clock: Clock, signal: AbortSignal): Promise<void> {
  const deadline = clock.monotonic() + 500;
  while ((await readExit(folder.exit)) === undefined && clock.monotonic() < deadline)
    await clock.sleep(5, signal);
}
