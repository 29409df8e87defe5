import { isIPv6 } from "node:net";

/** Whether two listeners on the same port would meet. Empty, `0.0.0.0` and `::` are every address of the host. */
export function addressesOverlap(one: string, other: string): boolean {
  const [a, b] = [canonical(one), canonical(other)];
  return a === everywhere || b === everywhere || a === b;
}

const everywhere = "";

/** One spelling per address: `0:0:0:0:0:0:0:1` is `::1`, and `::ffff:127.0.0.1` is `127.0.0.1`. */
function canonical(address: string): string {
  const bare = address.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (!isIPv6(bare)) return bare === "0.0.0.0" ? everywhere : bare;
  const url = `http://[${bare}]`;
  // An address with a zone, such as fe80::1%eth0, is no URL.
  if (!URL.canParse(url)) return bare;
  const short = new URL(url).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short);
  if (!mapped) return short === "::" ? everywhere : short;
  const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
  return canonical([high >> 8, high & 255, low >> 8, low & 255].join("."));
}
