/**
 * Whether a `Host` header names this machine by an address that cannot come to stand for another, or by `localhost`, which
 * no browser looks up.
 *
 * @param own  the address that is listened on
 */
export function isLoopbackHost(header: string | undefined, own: string): boolean {
  const [, v6, other] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(header ?? "") ?? [];
  const host = (v6 ?? other)?.toLowerCase();
  return host === own || host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host ?? "");
}
