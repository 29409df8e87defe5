import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Problem } from "@mcp/base";
import { homeOf } from "../home.ts";
import { completeConfig, type McpConfig, type Places } from "./mcp-config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export function placesOf(env: Environment): Places {
  const home = homeOf(env);
  return { home, configDir: join(env.XDG_CONFIG_HOME || join(home, ".config"), "mcp") };
}

/**
 * The configuration: the file that `--config` names, or `MCP_CONFIG`, or `~/.config/mcp/mcp.toml` if it is there.
 * @throws Problem `config_invalid`; `file_not_found` for one that was named and is not there; `permission_denied`.
 */
export async function loadConfig(named: string | undefined, env: Environment): Promise<McpConfig> {
  const places = placesOf(env);
  const asked = named ?? (env.MCP_CONFIG || undefined);
  const file = asked === undefined ? join(places.configDir, "mcp.toml") : resolve(asked);
  const text = read(file, asked !== undefined);
  if (text === undefined) return completeConfig({}, places);
  // The TOML parser is loaded only where there is a file for it.
  const { parseConfig } = await import("./parse-config.ts");
  return completeConfig(parseConfig(text, file), places, file);
}

function read(file: string, mustExist: boolean): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    switch ((cause as NodeJS.ErrnoException).code) {
      case "ENOENT":
      case "ENOTDIR":
        if (!mustExist) return undefined;
        throw new Problem(
          "file_not_found",
          `there is no configuration ${file}`,
          "name another with --config, or leave it away for the default",
          { cause },
        );
      case "EISDIR":
        throw new Problem(
          "config_invalid",
          `${file} is a folder`,
          `name the file: --config ${join(file, "mcp.toml")}`,
          {
            cause,
          },
        );
      case "EACCES":
      case "EPERM":
        throw new Problem("permission_denied", `you may not read ${file}`, `look at: ls -l ${file}`, {
          cause,
        });
      default:
        throw cause;
    }
  }
}
