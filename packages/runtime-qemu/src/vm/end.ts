import { type Clock, Problem, printDuration } from "@mcp/base";
import type { Logger } from "@mcp/host";
import { readExit } from "../process/exit-record.ts";
import { isAlive, type ProcessIdentity, signalTo } from "../process/process-identity.ts";
import { openQmp } from "../qmp/qmp.ts";
import type { VmFolder } from "./vm-folder.ts";

export interface EndDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/** A guest that was not listening yet is asked again. */
const askAgainMs = 1_000;
const lookEveryMs = 10;
const goneWithinMs = 10_000;

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
  await signalTo(process, "SIGKILL");
  const deadline = clock.monotonic() + goneWithinMs;
  while (await isAlive(process)) {
    if (clock.monotonic() > deadline) {
      throw new Problem(
        "runtime_timeout",
        `QEMU (pid ${process.pid}) was killed and is still there after ${printDuration(goneWithinMs)}`,
        `see what it waits for: cat /proc/${process.pid}/stack`,
      );
    }
    await clock.sleep(lookEveryMs, signal);
  }
  await untilWritten(folder, clock, signal);
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
