import type { Clock } from "@mcp/base";
import { asProblem, Problem, printSubnet } from "@mcp/base";
import type { Logger, Run } from "@mcp/host";
import type {
  Bridge,
  BridgeAttachment,
  GuestNetwork,
  GuestNetworkEvent,
  GuestNetworkStatus,
} from "@mcp/runtime";
import { checkNetwork } from "../doctor/network-checks.ts";
import type { VmCheck } from "../doctor/vm-checks.ts";
import { findProgram } from "../process/find-program.ts";
import { EventHub } from "../vm/event-hub.ts";
import { printAllowedPort, requireAllowedPort } from "./allowed-port.ts";
import { askWhoHas, whoAnswers } from "./arp-probe.ts";
import { Attachments, requireOurs } from "./attachments.ts";
import { bridgeMissing, findBridge, requirePinned } from "./bridge.ts";
import { requireBridgeName } from "./interface-name.ts";
import { Ip } from "./ip.ts";
import type { Neighbour } from "./links.ts";
import { notPermitted } from "./network-problems.ts";
import { Nft } from "./nft.ts";
import { mayChangeNetwork } from "./permission.ts";
import { isThere } from "./present-links.ts";
import type { LivingGuests } from "./reconcile.ts";
import type { Guest } from "./rules.ts";
import { RulesGuard } from "./rules-guard.ts";

export interface GuestNetworkOptions {
  /** Its name; empty: there is none, and only what is on one from before is looked after. */
  readonly bridge: string;
  /** Somebody has named it: that it is not there is a mistake. Default false. */
  readonly isNamed?: boolean;
  /** Ports of the gateway that guests may reach: `8443`, `53/udp`. Default none. */
  readonly allow?: readonly string[];
  /** Which state folder the virtual machines are in: what tells their TAP devices from those of another. */
  readonly store: () => Promise<string>;
  /** Undefined where this process may not change anything, since another looks after the same virtual machines. */
  readonly living: () => Promise<LivingGuests | undefined>;
  /** Those who run, also where another looks after them. */
  readonly running: () => Promise<readonly Guest[]>;
  readonly run: Run;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A machine that can be put on its bridge. */
export interface JoinedGuest {
  readonly guest: Guest;
  readonly bridgeMac: string;
}

const answersWithinMs = 100;

/**
 * The isolated bridge of this host. Nothing is asked or changed before the first call, and nothing at all on a host without it.
 *
 * @throws Problem `config_invalid` for a name that is none, or a port that is none.
 * @example const network = createGuestNetwork({ bridge: "mcp-br0", allow: ["8443"], store, living, running, run, clock, log });
 */
export function createGuestNetwork(options: GuestNetworkOptions): HostGuestNetwork {
  return new HostGuestNetwork(options);
}

export class HostGuestNetwork implements GuestNetwork {
  readonly #options: GuestNetworkOptions;
  readonly #allowed: readonly string[];
  readonly #ip: Ip;
  readonly #hub = new EventHub<GuestNetworkEvent>();
  readonly #guard: RulesGuard;
  readonly #attachments: Attachments;
  #isClosed = false;

  constructor(options: GuestNetworkOptions) {
    const { bridge, allow = [], store, living, running, run, clock, log } = options;
    if (bridge !== "") requireBridgeName(bridge);
    const ports = allow.map(requireAllowedPort);
    this.#options = options;
    this.#allowed = ports.map(printAllowedPort);
    this.#ip = new Ip(run);
    this.#guard = new RulesGuard({ look: () => this.reconcile(), clock, log });
    this.#attachments = new Attachments({
      ...{ bridge, allow: ports, store, living, running, ip: this.#ip, nft: new Nft(run), log },
      onActive: () => this.#guard.begin(),
      tell: (outcome, text) => this.#hub.tell({ atMs: clock.now(), outcome, text }),
    });
  }

  async find(signal: AbortSignal): Promise<Bridge | undefined> {
    const { bridge, isNamed = false } = this.#options;
    if (bridge === "") return undefined;
    const found = (await isThere(bridge)) ? findBridge(bridge, await this.#ip.links(signal)) : undefined;
    if (!found) {
      if (isNamed) throw bridgeMissing(bridge);
      return undefined;
    }
    await requirePermission();
    if ((await findProgram("nft")) === undefined) throw nftMissing();
    // One that has come since the agent was started.
    if (!this.#attachments.isActive) this.wake();
    return found.bridge;
  }

  async answering(
    bridge: Bridge,
    addresses: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const [links, guests] = await Promise.all([this.#ip.links(signal), this.#attachments.attached()]);
    const isOurs = (port: string): boolean => guests.some(({ tap }) => tap === port);
    // Guests of ours have no other address than their own, so that nobody has to be asked where they are alone.
    if (links.every(({ master, name }) => master !== bridge.name || isOurs(name)))
      return new Set(addresses.filter((each) => guests.some(({ address }) => address === each)));
    const probe = { ip: this.#ip, clock: this.#options.clock, withinMs: answersWithinMs };
    const found = await whoAnswers(bridge, addresses, probe, signal);
    return new Set(found.map(({ address }) => address));
  }

  async status(signal: AbortSignal): Promise<GuestNetworkStatus> {
    const { bridge } = this.#options;
    const [judged, guests] = await Promise.all([this.#judge(signal), this.#attachments.attached()]);
    return { bridge, ...judged, allowed: this.#allowed, guests };
  }

  async #judge(signal: AbortSignal): Promise<Pick<GuestNetworkStatus, "state" | "why" | "hint" | "subnet">> {
    if (this.#options.bridge === "") return { state: "off" };
    try {
      const bridge = await this.find(signal);
      if (!bridge) return { state: "absent" };
      const subnet = printSubnet({ address: bridge.gateway, prefixLength: bridge.prefixLength });
      const wrong = this.#attachments.failure;
      return { state: wrong ? "failing" : "ready", subnet, ...wrong };
    } catch (error) {
      signal.throwIfAborted();
      const { message: why, hint } = asProblem(error);
      return { state: "failing", why, hint };
    }
  }

  events(signal: AbortSignal): AsyncIterable<GuestNetworkEvent> {
    this.wake();
    return this.#hub.listen(signal);
  }

  /** What it needs of this host, one by one, for a doctor. */
  async checks(signal: AbortSignal): Promise<readonly VmCheck[]> {
    // Of a folder that was never used nobody holds the lock, and so nobody would look after the rules.
    await this.#options.store().catch(() => {});
    const [status, mayChange] = await Promise.all([this.status(signal), mayChangeNetwork()]);
    // It may be about to be put right.
    await this.#attachments.settled();
    const found = await this.#attachments.look(signal);
    signal.throwIfAborted();
    return checkNetwork({ status, mayChange, ...found });
  }

  /** What the TAP device of an instance is called, to be written down before it is made. */
  tapOf(instance: string): Promise<string> {
    return this.#attachments.tapOf(instance);
  }

  /**
   * What can be done before a machine is put on its bridge, beside what takes longer: the rules with it in them, and whether anything is
   * in its way. From when this is called until `attach` or `leave`, nobody takes what belongs to it for left over.
   *
   * @throws Problem `bridge_missing`, `bridge_unusable`, `address_taken`, `tap_taken`, `network_not_permitted`, `tool_missing`.
   */
  async join(guest: Guest, signal: AbortSignal): Promise<JoinedGuest> {
    const announced = this.#attachments.announce(guest);
    announced.catch(() => {});
    await requirePermission();
    const bridgeMac = await this.#requireFree(guest, signal);
    await announced;
    return { guest, bridgeMac };
  }

  /** @returns the bridge's MAC. */
  async #requireFree({ instance, tap, attachment }: Guest, signal: AbortSignal): Promise<string> {
    const { bridge, address, mac: own } = attachment;
    const { clock } = this.#options;
    await askWhoHas(attachment, clock, signal);
    const { links, neighbours } = await this.#ip.look(bridge.name, signal);
    const { mac } = requirePinned(bridge, links);
    const there = links.find(({ name }) => name === tap);
    if (there) requireOurs(there, instance);
    const isStranger = (one: Neighbour): boolean => one.address === address && one.mac !== own;
    if (!neighbours.some(isStranger)) return mac;
    // The kernel may remember whoever had it before.
    const probe = { ip: this.#ip, clock, withinMs: answersWithinMs };
    const stranger = (await whoAnswers(bridge, [address], probe, signal)).find(isStranger);
    if (stranger) throw addressTaken(attachment, stranger.mac);
    return mac;
  }

  /**
   * Put a machine on its bridge by its TAP device, up. It must be among the living from before this until it has ended.
   *
   * @param at  awaited between any two effects, with its name.
   * @throws Problem `tap_taken`, `bridge_missing`, `network_not_permitted`, `network_failed`.
   */
  attach(
    { guest, bridgeMac }: JoinedGuest,
    uid: number,
    signal: AbortSignal,
    at: (where: string) => Promise<void> = async () => {},
  ): Promise<void> {
    return this.#attachments.attach(guest, bridgeMac, uid, signal, at);
  }

  /** It has ended, or did not come up: what belongs to it is taken away. Never throws: what cannot be is taken away later. */
  async leave(instance: string): Promise<void> {
    this.#attachments.leave(instance);
    await this.tidy();
  }

  /**
   * Make TAP devices and rules what the living virtual machines need, and nothing more. Those who ask while it is being done are
   * served together by the next time.
   */
  reconcile(): Promise<void> {
    return this.#attachments.reconcile();
  }

  /** As `reconcile`, for who has done what he was asked for: what is left over now is taken away later. */
  async tidy(): Promise<void> {
    await this.reconcile().catch((error: unknown) =>
      this.#options.log.warn("the network of virtual machines could not be tidied", { error: String(error) }),
    );
  }

  /** As `tidy`, and returns at once. */
  wake(): void {
    if (!this.#isClosed) void this.tidy();
  }

  /** The network stays as it is, and nobody looks after it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#guard.close();
    await this.#attachments.settled();
  }
}

async function requirePermission(): Promise<void> {
  if (!(await mayChangeNetwork()))
    throw notPermitted("virtual machines cannot be put on a bridge by this agent");
}

const nftMissing = (): Problem =>
  new Problem(
    "tool_missing",
    "nft is not installed, without which virtual machines on a bridge would not be kept apart",
    "install it: apt install nftables",
  );

const addressTaken = ({ address, bridge }: BridgeAttachment, mac: string): Problem =>
  new Problem(
    "address_taken",
    `somebody else on ${bridge.name} answers for ${address}: ${mac}`,
    `see who that is, and give it another address: bridge fdb show br ${bridge.name} | grep ${mac}`,
  );
