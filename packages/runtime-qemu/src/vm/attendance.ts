import type { Clock } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type { RuntimeEvent } from "@mcp/runtime";
import type { GuestOutputs } from "../guest/guest-image.ts";
import { Attendant } from "./attendant.ts";
import { EventHub } from "./event-hub.ts";
import type { VmFolder } from "./vm-folder.ts";
import type { VmRecord } from "./vm-record.ts";

interface Attended {
  readonly attendant: Attendant;
  /** Which boot: another one has another attendant. */
  readonly boot: string;
  readonly hubs: Set<EventHub>;
}

/**
 * Of the whole process: a console has one writer, also where two runtimes were opened over one state folder. Two processes
 * over one state folder are kept apart by its lock.
 */
const attended = new Map<string, Attended>();

/** Who looks after the virtual machines of a state folder, and tells what becomes of them. */
export class Attendance {
  readonly #hub = new EventHub();
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return this.#hub.listen(signal);
  }

  tell(event: RuntimeEvent): void {
    this.#hub.tell(event);
  }

  /** Before QEMU is started, for a boot that is not recorded yet. */
  async prepare(folder: VmFolder, name: string, boot: string, outputs: GuestOutputs): Promise<void> {
    const entry = this.#make(folder, name, boot, outputs);
    await entry.attendant.newBoot();
  }

  /** From now on, unless somebody does already. Returns at once. */
  attend(folder: VmFolder, { spec, boot }: VmRecord): void {
    if (!boot) return;
    const present = attended.get(folder.path);
    const entry = present?.boot === boot.id ? present : this.#make(folder, spec.name, boot.id, boot.outputs);
    entry.hubs.add(this.#hub);
    entry.attendant.begin();
  }

  /** Once it has ended, and before its outputs are removed: returns when all that it wrote is in its log. */
  async finish(folder: VmFolder, record: VmRecord): Promise<void> {
    this.attend(folder, record);
    await attended.get(folder.path)?.attendant.ended();
  }

  /** It is about to be removed. */
  async leave(folder: VmFolder): Promise<void> {
    const entry = attended.get(folder.path);
    attended.delete(folder.path);
    await entry?.attendant.leave();
  }

  async close(): Promise<void> {
    const ours = [...attended].filter(([, { hubs }]) => hubs.delete(this.#hub) && hubs.size === 0);
    for (const [path] of ours) attended.delete(path);
    await Promise.all(ours.map(([, { attendant }]) => attendant.leave()));
  }

  #make(folder: VmFolder, name: string, boot: string, outputs: GuestOutputs): Attended {
    void attended.get(folder.path)?.attendant.leave();
    const hubs = new Set([this.#hub]);
    const onEnded = (): void => {
      for (const hub of hubs) hub.tell({ name, what: "exited", atMs: this.#clock.now() });
    };
    const attendant = new Attendant({ folder, outputs, onEnded, clock: this.#clock, log: this.#log });
    const entry = { attendant, boot, hubs };
    attended.set(folder.path, entry);
    return entry;
  }
}
