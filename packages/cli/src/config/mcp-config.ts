import { dirname, join, resolve } from "node:path";

/** The workstation's configuration: `mcp.toml`, with what it leaves out filled in. */
export interface McpConfig {
  /** Absent: there is none, and all is at its default. */
  readonly file?: string;
  /** Where `mcp deploy hello` looks for `hello.toml`. */
  readonly servicesDir: string;
  /** For images that definitions leave to convention. */
  readonly imageRegistry?: string;
  /** At least one. */
  readonly nodes: readonly [ConfiguredNode, ...ConfiguredNode[]];
  /** The nodes are the default one, of a machine where nobody wrote a configuration. */
  readonly hasDefaultNode: boolean;
}

export interface ConfiguredNode {
  readonly name: string;
  /** `unix:/path` or `host:port`. */
  readonly address: string;
}

/** What `mcp.toml` may say. */
export interface WrittenConfig {
  readonly services?: { readonly dir?: string };
  readonly mcias?: {
    readonly server_url?: string;
    readonly ca_cert?: string;
    readonly service_name?: string;
    readonly tags?: readonly string[];
  };
  readonly auth?: { readonly token_path?: string };
  readonly build?: { readonly workspace?: string };
  readonly images?: { readonly registry?: string };
  readonly nodes?: readonly ConfiguredNode[];
}

/** An agent on this machine, where it listens unless told otherwise. */
const localNode: ConfiguredNode = { name: "local", address: "unix:/run/mcp/agent.sock" };

export interface Places {
  readonly home: string;
  /** The folder of mcp's configuration: `~/.config/mcp`. */
  readonly configDir: string;
}

export function completeConfig(
  written: WrittenConfig,
  { home, configDir }: Places,
  file?: string,
): McpConfig {
  const [first, ...others] = written.nodes ?? [];
  const base = file === undefined ? configDir : dirname(file);
  const dir = written.services?.dir;
  const registry = written.images?.registry;
  return {
    ...(file !== undefined && { file }),
    servicesDir: dir === undefined ? join(configDir, "services") : resolve(base, fromHome(dir, home)),
    ...(registry && { imageRegistry: registry }),
    nodes: first ? [first, ...others] : [localNode],
    hasDefaultNode: first === undefined,
  };
}

const fromHome = (path: string, home: string): string =>
  path === "~" || path.startsWith("~/") ? join(home, path.slice(1)) : path;
