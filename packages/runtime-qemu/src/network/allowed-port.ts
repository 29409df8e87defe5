import { Problem } from "@mcp/base";

/** A port of the gateway that guests may reach. */
export interface AllowedPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

/** One entry of `[network] allow`: `8443`, `8443/tcp` or `53/udp`; undefined for any other text. */
export function readAllowedPort(text: string): AllowedPort | undefined {
  const [, digits = "", protocol = "tcp"] = /^([1-9]\d{0,4})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  return { port, protocol: protocol === "udp" ? "udp" : "tcp" };
}

/** @throws Problem `config_invalid` for what is none. */
export function requireAllowedPort(text: string): AllowedPort {
  const allowed = readAllowedPort(text);
  if (allowed) return allowed;
  throw new Problem(
    "config_invalid",
    `[network] allow has ${JSON.stringify(text.slice(0, 40))}, which is no port`,
    'name ports of the gateway: allow = ["8443", "53/udp"]',
  );
}

export const printAllowedPort = ({ port, protocol }: AllowedPort): string => `${port}/${protocol}`;
