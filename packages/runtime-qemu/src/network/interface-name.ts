import { Problem } from "@mcp/base";
import { tapPrefix } from "./tap-name.ts";

/** What Linux takes for the name of a network device and every tool for one word: never an option, a path or a pattern. */
export const isInterfaceName = (name: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(name);

/** None that could be taken for a device of a guest. */
export const isBridgeName = (name: string): boolean => isInterfaceName(name) && !name.startsWith(tapPrefix);

/** @throws Problem `config_invalid` for a name that no bridge of ours can have. */
export function requireBridgeName(name: string): string {
  if (isBridgeName(name)) return name;
  throw new Problem(
    "config_invalid",
    `[network] bridge is ${JSON.stringify(name.slice(0, 40))}, which is no name for a bridge`,
    `name one by at most 15 letters, digits, hyphens and dots, not beginning with ${tapPrefix}: bridge = "mcp-br0"`,
  );
}
