import type { LivingGuests } from "../network/reconcile.ts";
import type { Guest } from "../network/rules.ts";
import { isAlive, readIdentity } from "../process/process-identity.ts";
import type { Attendance } from "./attendance.ts";
import { instanceNames } from "./instance-names.ts";
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
  const found = await findGuests(stateDir, state.booting, bootId);
  return { ...found, isCurrent: () => state.changes === seen };
}

/** Those who run, for who only looks, whoever looks after them. */
export async function runningGuests(
  stateDir: string,
  bootId: () => Promise<string>,
): Promise<readonly Guest[]> {
  return (await findGuests(stateDir, new Set(), bootId)).guests;
}

async function findGuests(
  stateDir: string,
  booting: ReadonlySet<string>,
  bootId: () => Promise<string>,
): Promise<Pick<LivingGuests, "guests" | "unknown">> {
  const [names, host] = await Promise.all([instanceNames(stateDir), bootId()]);
  const unknown = new Set<string>();
  const found = await Promise.all(
    names.map((name) =>
      guestOf(VmFolder.of(stateDir, name), name, booting, host).catch(() => {
        unknown.add(name);
        return undefined;
      }),
    ),
  );
  return { guests: found.filter((guest) => guest !== undefined), unknown };
}

/** Undefined if it needs none. */
async function guestOf(
  folder: VmFolder,
  instance: string,
  booting: ReadonlySet<string>,
  bootId: string,
): Promise<Guest | undefined> {
  const record = await readRecord(folder);
  const { attachment } = record?.spec ?? {};
  const { tap, bootId: bootedOn } = record?.boot ?? {};
  if (!attachment || tap === undefined) return undefined;
  const guest = { instance, tap, attachment };
  // First this: it ends when there is a pid to be read.
  if (booting.has(instance)) return guest;
  if (bootedOn !== bootId) return undefined;
  const process = await readIdentity(folder.pid);
  return process && (await isAlive(process)) ? guest : undefined;
}
