import { countAddresses, printSubnet, readSubnet, type Subnet } from "@mcp/base";
import { text, type ValueKind, WrongValue } from "./config-kinds.ts";

export interface BridgeChoice {
  /** Empty: none, whatever there is. */
  readonly name: string;
  /** Somebody has named it: that it is not there is a mistake. */
  readonly isNamed: boolean;
}

/** What Linux takes as the name of a network device, and no tool takes for anything else. */
const deviceName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/;
/** Of the devices that the agent makes for its guests. */
const tapPrefix = "mcpt";

export const bridge: ValueKind<BridgeChoice> = {
  name: "name of a bridge",
  read: (value) => {
    const name = text.read(value);
    if (name !== "" && (!deviceName.test(name) || name.startsWith(tapPrefix)))
      throw new WrongValue(
        `must be at most 15 letters, digits, hyphens and dots, and not begin with ${tapPrefix}, such as "mcp-br0"`,
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
    const subnet = readSubnet(text.read(value));
    const hasRoom = subnet !== undefined && subnet.prefixLength >= 8 && subnet.prefixLength <= 29;
    if (!hasRoom || !canBeHostOf(subnet))
      throw new WrongValue(
        'must be an address that a host can have, in a subnet from /8 to /29, such as "10.99.0.1/24"',
      );
    return printSubnet(subnet);
  },
  fromText: (given) => given,
};

/** Neither the network itself nor its broadcast address. */
const canBeHostOf = (subnet: Subnet): boolean => countAddresses(subnet) < 2 ** (32 - subnet.prefixLength) - 2;

export function readAllowedPort(value: unknown): string {
  const [, digits = "", protocol = "tcp"] = /^([1-9]\d{0,4})(?:\/(tcp|udp))?$/.exec(text.read(value)) ?? [];
  if (digits === "" || Number(digits) > 65_535)
    throw new WrongValue('must be ports, such as "8443" or "53/udp"');
  return `${digits}/${protocol}`;
}
