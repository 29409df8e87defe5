import { text, type ValueKind, WrongValue } from "./config-kinds.ts";

/** An address that only programs of this machine reach. */
export interface LoopbackAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9465` or `[::1]:9465`. A name is refused too: it may come to stand for another address. */
export const optionalLoopback: ValueKind<LoopbackAddress | undefined> = {
  name: "loopback address and port",
  read: (value) => {
    const given = text.read(value);
    if (given === "") return undefined;
    const address = readLoopback(given);
    if (address) return address;
    throw new WrongValue(
      'must be a loopback address with a port, such as "127.0.0.1:9465" or "[::1]:9465": metrics ask for no ' +
        "password, so other machines may reach them only through a proxy that does",
    );
  },
  fromText: (given) => given,
};

function readLoopback(given: string): LoopbackAddress | undefined {
  const [, v4, v6, digits] = /^(?:(127(?:\.\d{1,3}){3})|\[(::1)\]):(\d{1,5})$/.exec(given) ?? [];
  const host = v4 ?? v6;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return v4?.split(".").some((part) => Number(part) > 255) ? undefined : { host, port };
}
