import type { LivingGuests } from "../network/reconcile.ts";
import type { Guest } from "../network/rules.ts";
import { isAlive, readIdentity } from "../process/process-identity.ts";
import type { Attendance } from "./attendance.ts";
import { instanceNames } from "./instance-names.ts";
import type { StateFolder } from "./state-folder.ts";
import { VmFolder } from "./vm-folder.ts";
import { readRecord } from "./vm-record.ts";

/**
 * The virtual machines of a state folder that need a TAP device now, from their records and the process table. Undefined where
 * there is no such folder, or another process looks after it.
 */
export async function livingGuests(
  stateDir: string,
  attendance: Attendance,
  bootId: () => Promise<string>,
): Promise<LivingGuests | undefined> {
  const state = await attendance.find();
  if (!state || !(await state.holds(attendance))) return undefined;
  const seen = state.changes;
  const [names, host] = await Promise.all([instanceNames(stateDir), bootId()]);
  const unknown = new Set<string>();
  const found = await Promise.all(
    names.map((name) =>
      guestOf(VmFolder.of(stateDir, name), name, state, host).catch(() => {
        unknown.add(name);
        return undefined;
      }),
    ),
  );
  const guests = found.filter((guest) => guest !== undefined);
  return { guests, unknown, isCurrent: () => state.changes === seen };
}

/** Undefined if it needs none. */
async function guestOf(
  folder: VmFolder,
  instance: string,
  state: StateFolder,
  bootId: string,
): Promise<Guest | undefined> {
  const record = await readRecord(folder);
  const { attachment } = record?.spec ?? {};
  const { tap, bootId: bootedOn } = record?.boot ?? {};
  if (!attachment || tap === undefined) return undefined;
  const guest = { instance, tap, attachment };
  // First this: it ends when there is a pid to be read.
  if (state.booting.has(instance)) return guest;
  if (bootedOn !== bootId) return undefined;
  const process = await readIdentity(folder.pid);
  return process && (await isAlive(process)) ? guest : undefined;
}
