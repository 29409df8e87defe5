import { printSubnet } from "@mcp/base";
import { isBridgeName, printAllowedPort, readAllowedPort, readBridgeAddress } from "@mcp/runtime-qemu";
import { text, type ValueKind, WrongValue } from "./config-kinds.ts";

export interface BridgeChoice {
  /** Empty: none, whatever there is. */
  readonly name: string;
  /** Somebody has named it: that it is not there is a mistake. */
  readonly isNamed: boolean;
}

export const bridge: ValueKind<BridgeChoice> = {
  name: "name of a bridge",
  read: (value) => {
    const name = text.read(value);
    if (name !== "" && !isBridgeName(name))
      throw new WrongValue(
        'must be at most 15 letters, digits, hyphens and dots, and not begin with mcpt, such as "mcp-br0"',
      );
    return { name, isNamed: name !== "" };
  },
  readDefault: (value) => ({ name: text.read(value), isNamed: false }),
  fromText: (given) => given,
};

/** A host's own address in a subnet with room for guests. */
export const bridgeAddress: ValueKind<string> = {
  name: "IPv4 address with its prefix",
  read: (value) => {
    const subnet = readBridgeAddress(text.read(value));
    if (!subnet)
      throw new WrongValue(
        'must be an address that a host can have, in a subnet from /8 to /29, such as "10.99.0.1/24"',
      );
    return printSubnet(subnet);
  },
  fromText: (given) => given,
};

export function allowedPort(value: unknown): string {
  const allowed = readAllowedPort(text.read(value));
  if (!allowed) throw new WrongValue('must be ports, such as "8443" or "53/udp"');
  return printAllowedPort(allowed);
}
