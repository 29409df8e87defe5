import type { Port } from "../definition.ts";
import type { Place } from "../place.ts";
import { quoted } from "../quoted.ts";
import type { Kind } from "./kind.ts";
import { integer, text } from "./scalars.ts";

export const portNumber: Kind<number> = integer({ says: "port", min: 1, max: 65_535 });

/** `[addr:]host:guest[/udp]`; an IPv6 address stands in brackets. */
export const portMapping: Kind<Port> = text({
  says: "`[addr:]host:guest[/udp]`",
  schema: { pattern: "^((\\[[0-9a-fA-F:.]+\\]|[0-9.]+):)?[1-9][0-9]{0,4}:[1-9][0-9]{0,4}(/(tcp|udp))?$" },
  parse: parsePort,
  print({ address, host, guest, protocol }) {
    const front = address === "" ? "" : address.includes(":") ? `[${address}]:` : `${address}:`;
    return `${front}${host}:${guest}${protocol === "udp" ? "/udp" : ""}`;
  },
});

const shape =
  /^(?:(?<address>\[[^\]]*\]|[^:[\]]*):)?(?<host>[^:/[\]]*):(?<guest>[^:/[\]]*)(?:\/(?<protocol>.*))?$/s;

function parsePort(written: string, at: Place): Port | undefined {
  const found = written.length <= 100 ? shape.exec(written)?.groups : undefined;
  if (!found) {
    if (/^\d{1,5}$/.test(written))
      return at.wrong(`"${written}" names one port; write "${written}:${written}" (host:guest)`);
    const bare = /^[^[]*:.*:.*:/.test(written) ? "; an IPv6 address stands in brackets: [::1]:8080:80" : "";
    return at.wrong(
      `${quoted(written)} is not a port; write [addr:]host:guest[/udp], such as "8080:80"${bare}`,
    );
  }
  const host = portFrom(found.host ?? "");
  const guest = portFrom(found.guest ?? "");
  const address = found.address === undefined ? "" : canonicalAddress(found.address);
  const protocol = found.protocol ?? "tcp";
  if (host === undefined) at.wrong(`${quoted(written)}: the host port must be a number from 1 to 65535`);
  if (guest === undefined) at.wrong(`${quoted(written)}: the guest port must be a number from 1 to 65535`);
  if (address === undefined)
    at.wrong(`${quoted(written)}: ${quoted(found.address ?? "")} is not an IP address`);
  if (protocol !== "tcp" && protocol !== "udp")
    return at.wrong(`${quoted(written)}: the protocol must be tcp or udp`);
  if (host === undefined || guest === undefined || address === undefined) return undefined;
  return { address, host, guest, protocol };
}

function portFrom(digits: string): number | undefined {
  // No leading zeros: some programs read those as octal.
  return /^[1-9]\d{0,4}$/.test(digits) && Number(digits) <= 65_535 ? Number(digits) : undefined;
}

/** Equal addresses as equal text: IPv6 in its shortest form and without brackets. Undefined if it is none. */
function canonicalAddress(written: string): string | undefined {
  const ipv6 = /^\[([0-9a-fA-F:.]{2,45})\]$/.exec(written)?.[1];
  if (ipv6 === undefined) return isIPv4(written) ? written : undefined;
  const url = `http://[${ipv6}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined;
}

const isIPv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) &&
  text.split(".").every((part) => Number(part) <= 255 && String(Number(part)) === part);
