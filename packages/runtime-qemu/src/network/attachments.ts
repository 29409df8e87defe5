import { asProblem, Problem } from "@mcp/base";
import type { Logger } from "@mcp/host";
import type { AttachedGuest, GuestNetworkEvent } from "@mcp/runtime";
import type { NetworkFacts } from "../doctor/network-checks.ts";
import type { AllowedPort } from "./allowed-port.ts";
import { AppliedRules } from "./applied-rules.ts";
import { forgetNeighbour } from "./arp-probe.ts";
import { findBridge } from "./bridge.ts";
import type { Ip } from "./ip.ts";
import type { Link } from "./links.ts";
import { noTun, toolFailed } from "./network-problems.ts";
import type { Nft } from "./nft.ts";
import { mayChangeNetwork } from "./permission.ts";
import { presentLinks } from "./present-links.ts";
import { type LivingGuests, makeTap, strayTaps, tapRepairs } from "./reconcile.ts";
import type { Guest, RulesState } from "./rules.ts";
import { ownerOf, readTapAlias, tapName, tapPrefix } from "./tap-name.ts";
import { findTraces, noTraces } from "./traces.ts";

export interface AttachmentsOptions {
  readonly bridge: string;
  readonly allow: readonly AllowedPort[];
  readonly store: () => Promise<string>;
  readonly living: () => Promise<LivingGuests | undefined>;
  readonly running: () => Promise<readonly Guest[]>;
  readonly ip: Ip;
  readonly nft: Nft;
  readonly log: Logger;
  /** From now on somebody is to look, each time that something changes. */
  readonly onActive: () => void;
  readonly tell: (outcome: GuestNetworkEvent["outcome"], text: string) => void;
}

/**
 * Which virtual machines are on bridges of this host. What is remembered here could be found again: it is replaced by what is found
 * each time that somebody looks.
 */
export class Attachments {
  readonly #options: AttachmentsOptions;
  readonly #rules: AppliedRules;
  readonly #attaching = new Set<string>();
  #state: RulesState;
  #guests: ReadonlyMap<string, Guest> = new Map();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  /** The removal of devices: who is about to make one of that name waits for it. */
  #removing: Promise<unknown> | undefined;
  #failure: { readonly why: string; readonly hint: string } | undefined;

  constructor(options: AttachmentsOptions) {
    this.#options = options;
    this.#state = { bridges: [], allow: options.allow, guests: [] };
    this.#rules = new AppliedRules(options.nft, () => this.#state);
  }

  /** Why the network is not what it should be, since the last time that somebody looked. */
  get failure(): { readonly why: string; readonly hint: string } | undefined {
    return this.#failure;
  }

  /** There is something to look after, and somebody does. */
  get isActive(): boolean {
    return this.#state.bridges.length > 0;
  }

  async attached(): Promise<readonly AttachedGuest[]> {
    const { living, running } = this.#options;
    const found = (await living())?.guests ?? (await running());
    return found
      .map(({ instance, tap, attachment: { address, mac } }) => ({ instance, tap, address, mac }))
      .sort((a, b) => (a.instance < b.instance ? -1 : 1));
  }

  /** For a doctor. Never throws: what cannot be found out is left out. */
  async look(signal: AbortSignal): Promise<Pick<NetworkFacts, "links" | "rules" | "traces">> {
    const { ip, nft, living, store } = this.#options;
    const [links, listing, guests, owner] = await Promise.all([
      orNone(ip.links(signal)),
      orNone(nft.list(signal)),
      orNone(living()),
      orNone(store().then(ownerOf)),
    ]);
    const canTell = links && guests && owner !== undefined;
    return {
      links,
      rules: listing === undefined || !guests ? undefined : await orNone(this.#rules.judge(signal)),
      traces: canTell ? findTraces(owner, links, listing ?? "", guests) : noTraces,
    };
  }

  async tapOf(instance: string): Promise<string> {
    return tapName({ owner: ownerOf(await this.#options.store()), instance });
  }

  /**
   * From now on it is in the rules, and nobody takes it for a stray, until it is attached or leaves.
   * @returns when the rules are set.
   */
  announce(guest: Guest): Promise<void> {
    this.#attaching.add(guest.instance);
    this.#remember(new Map([...this.#guests, [guest.instance, guest]]));
    this.#options.onActive();
    return this.#rules.apply();
  }

  /** It did not come up, or has ended. What is left of it goes with the next `reconcile`. */
  leave(instance: string): void {
    this.#attaching.delete(instance);
  }

  async attach(
    guest: Guest,
    bridgeMac: string,
    uid: number,
    signal: AbortSignal,
    at: (where: string) => Promise<void>,
  ): Promise<void> {
    await at("rules");
    // What was begun to be removed is gone before one of that name is made.
    await this.#removing?.catch(() => {});
    await this.#makeTap(guest, bridgeMac, uid);
    signal.throwIfAborted();
    await at("tap");
    // It is among the living by now.
    this.#attaching.delete(guest.instance);
  }

  /** Not to be cut short: a device that was made and not marked yet would be nobody's. */
  async #makeTap(guest: Guest, bridgeMac: string, uid: number): Promise<void> {
    const { ip, store } = this.#options;
    const { tap, instance, attachment } = guest;
    const { signal } = new AbortController();
    const lines = makeTap(guest, { owner: ownerOf(await store()), uid, bridgeMac });
    const remove = () => ip.batch([`link del dev ${tap}`], signal, true);
    let made = await ip.batch(lines, signal);
    if (/TUNSETIFF\): Device or resource busy/i.test(made.stderr)) {
      // Of an earlier boot, which ended a moment ago.
      const found = (await ip.links(signal)).find(({ name }) => name === tap);
      if (found) requireOurs(found, instance);
      await remove();
      made = await ip.batch(lines, signal);
    }
    if (made.ok) return;
    if (!/TUNSETIFF/.test(made.stderr)) await remove();
    const what = `${instance} cannot be put on ${attachment.bridge.name}`;
    throw /^open: /m.test(made.stderr) ? noTun(what, made.stderr) : toolFailed(what, made.stderr);
  }

  reconcile(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#running = this.#reconcile();
        return this.#running;
      });
    return this.#next;
  }

  async settled(): Promise<void> {
    await this.#next?.catch(() => {});
    await this.#running.catch(() => {});
  }

  async #reconcile(): Promise<void> {
    const living = await this.#options.living();
    if (!living || (await this.#isNothing(living))) return;
    const { signal } = new AbortController();
    try {
      await this.#make(living, signal);
      this.#failure = undefined;
    } catch (error) {
      const { message: why, hint } = asProblem(error);
      if (this.#failure?.why !== why) this.#options.tell("failed", why);
      this.#failure = { why, hint };
      throw error;
    }
  }

  /** A host without our bridge, and without anything of ours: nothing is asked of it. */
  async #isNothing({ guests }: LivingGuests): Promise<boolean> {
    if (guests.length > 0 || this.#rules.areThere) return false;
    const names = await presentLinks();
    if (names.some((name) => name.startsWith(tapPrefix))) return false;
    // That it may not be used is said to who wants to.
    return !names.includes(this.#options.bridge) || !(await mayChangeNetwork());
  }

  async #make(living: LivingGuests, signal: AbortSignal): Promise<void> {
    const { ip, log, onActive } = this.#options;
    const [links, store] = await Promise.all([ip.links(signal), this.#options.store()]);
    // Else one that has begun to be started meanwhile would be taken for a stray.
    if (!living.isCurrent()) return this.#reconcile();
    const before = this.#guests;
    const keeps = ([instance]: readonly [string, Guest]): boolean =>
      this.#attaching.has(instance) || living.unknown.has(instance);
    this.#remember(
      new Map([
        ...[...before].filter(keeps),
        ...living.guests.map((guest) => [guest.instance, guest] as const),
      ]),
      links,
    );
    const strays = strayTaps(ownerOf(store), links, living);
    const repairs = tapRepairs(links, living);
    if (strays.length + repairs.length > 0) {
      const gone = [...before.values()].filter(({ instance }) => !this.#guests.has(instance));
      const lines = [
        ...strays.map(({ tap }) => `link del dev ${tap}`),
        ...gone.map(({ attachment: { bridge, address } }) => forgetNeighbour(bridge, address)),
        ...repairs,
      ];
      this.#removing = ip.batch(lines, signal, true);
      await this.#removing;
      if (repairs.length > 0)
        this.#options.tell("repaired", "ports of the bridge were changed, and are put back");
      for (const { instance, tap } of strays) log.info("a TAP device was removed", { instance, tap });
    }
    await this.#keepRules(signal);
    if (this.#state.bridges.length > 0) onActive();
  }

  async #keepRules(signal: AbortSignal): Promise<void> {
    const names = [...new Set(this.#state.bridges.map(({ name }) => name))].join(" and ");
    if (names === "") {
      if (this.#rules.areThere) await this.#rules.apply();
      return;
    }
    const verdict = await this.#rules.judge(signal);
    if (verdict === "in place") return;
    await this.#rules.enforce(signal);
    if (verdict === "changed")
      this.#options.tell("repaired", `the rules of ${names} were changed by somebody, and are back`);
  }

  /** @param links  where it was looked: else the bridge of the config is what it was. */
  #remember(guests: ReadonlyMap<string, Guest>, links?: readonly Link[]): void {
    this.#guests = guests;
    const { bridge: name, allow } = this.#options;
    const configured = links
      ? usableOrNone(name, links)
      : this.#state.bridges.filter((bridge) => bridge.name === name);
    const all = [...guests.values()];
    this.#state = {
      bridges: [...configured, ...all.map(({ attachment }) => attachment.bridge)],
      allow,
      guests: all,
    };
  }
}

const orNone = <T>(work: Promise<T>): Promise<T | undefined> => work.catch(() => undefined);

/** One that cannot be used has no virtual machine on it, and who wants to put one there is told. */
function usableOrNone(name: string, links: readonly Link[]): RulesState["bridges"] {
  try {
    const found = findBridge(name, links);
    return found ? [found.bridge] : [];
  } catch {
    return [];
  }
}

/**
 * That a device with the name of an instance's TAP device is that.
 * @throws Problem `tap_taken`.
 */
export function requireOurs({ name, alias, kind }: Link, instance: string): void {
  if (kind === "tun" && readTapAlias(alias)?.instance === instance) return;
  throw new Problem(
    "tap_taken",
    `there is a network device ${name} already, and it is none of ours`,
    `see what it is, and remove it: ip -d link show dev ${name}; ip link del ${name}`,
  );
}
