import { isAddressOf, Problem, printSubnet } from "@mcp/base";
import type {
  AttachedGuest,
  Bridge,
  GuestNetwork,
  GuestNetworkEvent,
  GuestNetworkStatus,
} from "../guest-network.ts";
import type { WorkloadSpec } from "../spec.ts";
import { Bell } from "./bell.ts";

/**
 * A bridge in memory. It comes, moves and goes as a test wants; a `FakeHost` that is given it puts what it starts on it.
 *
 * @example
 *   const network = new FakeNetwork();
 *   network.bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };
 */
export class FakeNetwork implements GuestNetwork {
  /** The one that is there. */
  bridge: Bridge | undefined;
  /** The config names it, rather than its default. */
  isNamed = false;
  /** The config turns it off. */
  isOff = false;
  /** Set: what `find` throws, and `status` says. */
  trouble: Problem | undefined;
  allowed: readonly string[] = [];
  /** Addresses on the bridge that somebody else has. */
  readonly strangers = new Set<string>();
  /** What was asked for in each call of `answering`. */
  readonly probed: (readonly string[])[] = [];
  /** What runs on it, by those who start it. */
  readonly guests = new Map<string, AttachedGuest>();
  readonly #events: GuestNetworkEvent[] = [];
  readonly #bell = new Bell();
  readonly #name: string;

  constructor(name = "mcp-br0") {
    this.#name = name;
  }

  async find(signal: AbortSignal): Promise<Bridge | undefined> {
    signal.throwIfAborted();
    if (this.isOff) return undefined;
    if (this.trouble) throw this.trouble;
    if (!this.bridge && this.isNamed) throw missing(this.#name);
    return this.bridge;
  }

  async answering(
    bridge: Bridge,
    addresses: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    signal.throwIfAborted();
    this.probed.push(addresses);
    const subnet = { address: bridge.gateway, prefixLength: bridge.prefixLength };
    return new Set(addresses.filter((each) => isAddressOf(subnet, each) && this.#answers(each)));
  }

  async status(signal: AbortSignal): Promise<GuestNetworkStatus> {
    const { bridge, allowed } = this;
    const thrown: unknown = await this.find(signal).then(
      () => undefined,
      (error: unknown) => error,
    );
    const trouble = thrown as Problem | undefined;
    return {
      bridge: this.isOff ? "" : this.#name,
      state: this.isOff ? "off" : trouble ? "failing" : bridge ? "ready" : "absent",
      ...(trouble && { why: trouble.message, hint: trouble.hint }),
      ...(bridge && {
        subnet: printSubnet({ address: bridge.gateway, prefixLength: bridge.prefixLength }),
      }),
      allowed,
      guests: [...this.guests.values()],
    };
  }

  async *events(signal: AbortSignal): AsyncGenerator<GuestNetworkEvent> {
    for (let next = this.#events.length; ; ) {
      const event = this.#events[next];
      if (event) {
        next++;
        yield event;
      } else await this.#bell.next(signal);
    }
  }

  /** It happens now. */
  tell(event: GuestNetworkEvent): void {
    this.#events.push(event);
    this.#bell.ring();
  }

  /** Somebody starts there. @throws Problem `bridge_missing`, `bridge_unusable`, `address_taken`. */
  attach({ name, attachment }: WorkloadSpec): void {
    if (!attachment) return;
    const { bridge: pinned, address, mac } = attachment;
    const { bridge } = this;
    if (bridge?.name !== pinned.name) throw missing(pinned.name);
    if (bridge.gateway !== pinned.gateway || bridge.prefixLength !== pinned.prefixLength)
      throw new Problem("bridge_unusable", `${pinned.name} is not what it was`, "deploy again");
    if (this.#answers(address))
      throw new Problem("address_taken", `somebody answers for ${address} already`, "find out who");
    this.guests.set(name, { instance: name, tap: `mcpt${this.guests.size}`, address, mac });
  }

  detach(name: string): void {
    this.guests.delete(name);
  }

  #answers(address: string): boolean {
    return (
      this.strangers.has(address) || [...this.guests.values()].some((guest) => guest.address === address)
    );
  }
}

const missing = (name: string): Problem =>
  new Problem("bridge_missing", `there is no bridge ${name}`, "mcp-agent network setup");
