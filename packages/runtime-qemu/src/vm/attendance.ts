import type { Clock } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type { RuntimeEvent } from "@mcp/runtime";
import type { GuestOutputs } from "../guest/guest-image.ts";
import { Attendant } from "./attendant.ts";
import { EventHub } from "./event-hub.ts";
import { type Attended, closed, StateFolder } from "./state-folder.ts";
import type { VmFolder } from "./vm-folder.ts";
import type { VmRecord } from "./vm-record.ts";

/** Who looks after the virtual machines of a state folder, and tells what becomes of them. */
export class Attendance {
  readonly #hub = new EventHub<RuntimeEvent>();
  readonly #stateDir: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onEnded: () => void;
  #isClosed = false;

  /** @param onEnded  told of each end of a virtual machine, whoever ended it. */
  constructor(stateDir: string, clock: Clock, log: Logger, onEnded: () => void = () => {}) {
    this.#onEnded = onEnded;
    this.#stateDir = stateDir;
    this.#clock = clock;
    this.#log = log;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return this.#hub.listen(signal);
  }

  tell(event: RuntimeEvent): void {
    this.#hub.tell(event);
  }

  /** Undefined where there is no such folder. */
  async find(): Promise<StateFolder | undefined> {
    return StateFolder.find(this.#stateDir, this);
  }

  /**
   * The folder, made if missing, in which this process alone may write now.
   * @throws Problem `runtime_unavailable` if another process looks after it.
   */
  async claim(): Promise<StateFolder> {
    const state = await StateFolder.make(this.#stateDir, this);
    await state.hold(this);
    return state;
  }

  /**
   * Before QEMU is started, for a boot that is not recorded yet. Then `begin` or `leave`.
   * @throws Problem `draining` if this is closed: the folder may be somebody else's by now.
   */
  async prepare(
    state: StateFolder,
    folder: VmFolder,
    name: string,
    boot: string,
    outputs: GuestOutputs,
  ): Promise<void> {
    if (this.#isClosed) throw closed();
    state.changes++;
    state.booting.add(name);
    const { attendant } = this.#make(state, folder, name, boot, outputs);
    await attendant.newBoot();
  }

  /** QEMU runs, and its pid is written down. */
  begin(state: StateFolder, folder: VmFolder, record: VmRecord): void {
    state.booting.delete(record.spec.name);
    this.#attend(state, folder, record);
  }

  /**
   * From now on, unless somebody does already, or another process does. Returns at once.
   * @param seen  `state.changes` from before the record was read: one that is out of date leads to nobody.
   */
  async attend(state: StateFolder, folder: VmFolder, record: VmRecord, seen: number): Promise<void> {
    const isHeld = await state.holds(this);
    if (isHeld && state.changes === seen && !state.booting.has(record.spec.name))
      this.#attend(state, folder, record);
  }

  /**
   * Once it has ended, and before its outputs are removed: returns when all that it wrote is in its log.
   * @param seen  as for `attend`.
   * @returns false where the record is out of date: read it again.
   */
  async finish(state: StateFolder, folder: VmFolder, record: VmRecord, seen: number): Promise<boolean> {
    if (!(await state.holds(this))) return true;
    if (state.changes !== seen) return false;
    if (!state.booting.has(record.spec.name)) this.#attend(state, folder, record);
    const entry = state.attended.get(record.spec.name);
    if (entry && entry.boot === record.boot?.id) await entry.attendant.ended();
    return true;
  }

  /** It did not come up, or is about to be removed. */
  async leave(state: StateFolder, name: string): Promise<void> {
    state.changes++;
    state.booting.delete(name);
    const entry = state.attended.get(name);
    state.attended.delete(name);
    await entry?.attendant.leave();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(StateFolder.of(this).map((state) => this.#close(state)));
  }

  async #close(state: StateFolder): Promise<void> {
    const ours = [...state.attended].filter(([, { hubs }]) => hubs.delete(this.#hub) && hubs.size === 0);
    for (const [name] of ours) state.attended.delete(name);
    const left = await Promise.allSettled(ours.map(([, { attendant }]) => attendant.leave()));
    await state.letGo(this);
    for (const one of left) if (one.status === "rejected") throw one.reason;
  }

  #attend(state: StateFolder, folder: VmFolder, { spec, boot }: VmRecord): void {
    // Who asked may have begun before this was closed, and what is attended now nobody would leave.
    if (!boot || this.#isClosed) return;
    const present = state.attended.get(spec.name);
    const entry =
      present?.boot === boot.id ? present : this.#make(state, folder, spec.name, boot.id, boot.outputs);
    entry.hubs.add(this.#hub);
    entry.attendant.begin();
  }

  #make(state: StateFolder, folder: VmFolder, name: string, boot: string, outputs: GuestOutputs): Attended {
    const after = state.attended
      .get(name)
      ?.attendant.leave()
      .catch(() => {});
    const hubs = new Set([this.#hub]);
    const onEnded = (): void => {
      for (const hub of hubs) hub.tell({ name, what: "exited", atMs: this.#clock.now() });
      this.#onEnded();
    };
    const onFailed = (): void => {
      if (state.attended.get(name) === entry) state.attended.delete(name);
    };
    const [clock, log] = [this.#clock, this.#log];
    const attendant = new Attendant({ folder, outputs, onEnded, onFailed, after, clock, log });
    const entry = { attendant, boot, hubs };
    state.attended.set(name, entry);
    return entry;
  }
}
