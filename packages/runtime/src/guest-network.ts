/**
 * The bridge of this host on which virtual machines are alone with the host: each reaches the bridge's own address, on the
 * ports that are allowed, and nothing else.
 */
export interface GuestNetwork {
  /**
   * The bridge that virtual machines which are deployed now are put on; undefined where there is none and none is asked
   * for: they get the networking that their backend brings.
   * @throws Problem `bridge_missing` if it was named and is not there, `bridge_unusable` if it is there and cannot be used,
   *   `network_not_permitted` without the right to use it.
   */
  find(signal: AbortSignal): Promise<Bridge | undefined>;

  /**
   * Those of the addresses that somebody on the bridge answers for by now, whoever that is. Takes about 100 ms where anything is on
   * it that is not ours.
   */
  answering(bridge: Bridge, addresses: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>;

  /** What there is, for people. Never throws except on abort. */
  status(signal: AbortSignal): Promise<GuestNetworkStatus>;

  /** What was found changed by others and put back, or could not be, until the signal aborts, whose reason is rethrown. */
  events(signal: AbortSignal): AsyncIterable<GuestNetworkEvent>;
}

/** A bridge with the address that this host has on it. */
export interface Bridge {
  readonly name: string;
  /** The host's own, to which its guests talk. */
  readonly gateway: string;
  readonly prefixLength: number;
}

/** Where one virtual machine is on a bridge. */
export interface BridgeAttachment {
  readonly bridge: Bridge;
  readonly address: string;
  /** Six bytes in lower-case hex: `02:8a:31:0c:55:f0`. The same for each instance of a component. */
  readonly mac: string;
}

export interface GuestNetworkStatus {
  /** The name in the config; empty where it was turned off. */
  readonly bridge: string;
  /** `absent`: there is none, none was asked for. `failing`: it should be there and work, and does not. */
  readonly state: "off" | "absent" | "ready" | "failing";
  /** Where it fails: why, and what to type. */
  readonly why?: string;
  readonly hint?: string;
  /** `10.99.0.1/24`; where it is there. */
  readonly subnet?: string;
  /** Ports of the gateway that guests may reach: `8443/tcp`. */
  readonly allowed: readonly string[];
  readonly guests: readonly AttachedGuest[];
}

/** Something of ours on the bridge. */
export interface AttachedGuest {
  /** Empty where it cannot be told. */
  readonly instance: string;
  readonly tap: string;
  readonly address: string;
  readonly mac: string;
}

export interface GuestNetworkEvent {
  readonly atMs: number;
  readonly outcome: "repaired" | "failed";
  /** `the rules of mcp-br0 were gone, and are back`. */
  readonly text: string;
}
