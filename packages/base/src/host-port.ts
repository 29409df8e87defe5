/** A port of this host, as a program listens on it. */
export interface HostPort {
  /** Empty, `0.0.0.0` and `::` are every address of the host. */
  readonly address: string;
  readonly port: number;
  /** `tcp` or `udp`. */
  readonly protocol: string;
}

/** Whether two listeners would meet, so that only one of them can have its port. */
export const hostPortsOverlap = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && addressesOverlap(a.address, b.address);

/** Whether two listeners on the same port would meet. */
export function addressesOverlap(one: string, other: string): boolean {
  const [a, b] = [canonicalAddress(one), canonicalAddress(other)];
  return a === everywhere || b === everywhere || a === b;
}

const everywhere = "";

/**
 * One spelling per address, empty for every address of the host: `0:0:0:0:0:0:0:1` is `::1`, and `::ffff:127.0.0.1` is
 * `127.0.0.1`.
 */
export function canonicalAddress(address: string): string {
  const bare = address.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (!bare.includes(":")) return bare === "0.0.0.0" ? everywhere : bare;
  const url = `http://[${bare}]`;
  // An address with a zone, such as fe80::1%eth0, is no URL.
  if (!URL.canParse(url)) return bare;
  const short = new URL(url).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short);
  if (!mapped) return short === "::" ? everywhere : short;
  const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
  return canonicalAddress([high >> 8, high & 255, low >> 8, low & 255].join("."));
}

/** As people write it: `0.0.0.0:80/tcp`, `[::1]:53/udp`, `80/tcp`. */
export function printHostPort({ address, port, protocol }: HostPort): string {
  const bare = address.replace(/^\[(.*)\]$/, "$1");
  const on = bare === "" ? "" : bare.includes(":") ? `[${bare}]:` : `${bare}:`;
  return `${on}${port}/${protocol}`;
}
