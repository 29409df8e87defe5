import { endianness } from "node:os";
import { canonicalAddress, type HostPort } from "@mcp/base";

/** A socket of this host that holds a port. */
export interface HostSocket extends HostPort {
  readonly family: 4 | 6;
  /** 0 where the kernel itself holds it. */
  readonly inode: number;
}

/** A connection's own port hinders nobody who listens, but every bound socket of udp does. */
const listening = "0A";

/**
 * What `/proc/net/tcp`, `tcp6`, `udp` or `udp6` says: the sockets that hold a port, without connections.
 *
 * @param protocol  of the file: `tcp` or `udp`.
 */
export function parseSockets(text: string, protocol: "tcp" | "udp"): HostSocket[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      const [hex = "", port = ""] = local.split(":");
      if (port === "" || (protocol === "tcp" && state !== listening)) return [];
      const address = hex.length === 8 ? ipv4(hex) : canonicalAddress(ipv6(hex));
      // What is bound to ::ffff:127.0.0.1 is bound to 127.0.0.1.
      const family = hex.length === 8 || address.includes(".") ? (4 as const) : (6 as const);
      const shown = address === "" ? "::" : address;
      return [{ family, address: shown, port: Number.parseInt(port, 16), protocol, inode: Number(inode) }];
    });
}

/**
 * Whether a socket keeps a port from being bound. `perhaps`: it is bound to `::`, which holds the port for IPv4 too unless
 * its program asked for IPv6 alone, and the kernel does not show that.
 */
export function hinders(socket: HostSocket, wanted: HostPort): boolean | "perhaps" {
  if (socket.port !== wanted.port || socket.protocol !== wanted.protocol) return false;
  const [held, asked] = [canonicalAddress(socket.address), canonicalAddress(wanted.address)];
  const family = wanted.address.includes(":") && !asked.includes(".") ? 6 : 4;
  if (socket.family === family) return held === "" || asked === "" || held === asked;
  // Runtimes bind an IPv6 address for IPv6 alone.
  return socket.family === 6 && held === "" ? "perhaps" : false;
}

const ipv4 = (hex: string): string => bytesOf(hex).join(".");

const ipv6 = (hex: string): string => {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap(bytesOf);
  const group = (index: number): string =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16);
  return Array.from({ length: 8 }, (_, index) => group(index)).join(":");
};

/** The kernel prints each four bytes as one number, in this machine's own order. */
function bytesOf(word: string): number[] {
  const bytes = (word.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
  return endianness() === "LE" ? bytes.toReversed() : bytes;
}
