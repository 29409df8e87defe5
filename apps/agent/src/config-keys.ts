import { longestSocketPath, parseDuration } from "@mcp/base";

/** What a key's value may be: its name for people, and how to read it. A string returned by `read` says what would be right. */
export interface ValueKind<T> {
  readonly name: string;
  /** From TOML: `value` is what the parser made of it. Throws `WrongValue`. */
  readonly read: (value: unknown) => T;
  /** From the environment, where everything is text. */
  readonly fromText: (text: string) => unknown;
}

/** Says what would be right; caught where the key's name and line are known. */
export class WrongValue extends Error {}

export interface ConfigKey<T> {
  readonly kind: ValueKind<T>;
  /** As it would stand in the file; absent where the key is required. */
  readonly default?: unknown;
  /** One line for the reference. */
  readonly doc: string;
}

const asIs = (text: string): string => text;

const text: ValueKind<string> = {
  name: "text",
  read: (value) => {
    if (typeof value !== "string") throw new WrongValue("must be a text in quotes");
    return value;
  },
  fromText: asIs,
};

const filled: ValueKind<string> = {
  name: "text",
  read: (value) => {
    if (text.read(value).trim() === "") throw new WrongValue("must not be empty");
    return text.read(value);
  },
  fromText: asIs,
};

const path: ValueKind<string> = {
  name: "path",
  read: (value) => {
    if (!filled.read(value).startsWith("/"))
      throw new WrongValue("must be an absolute path, such as /srv/mcp");
    return text.read(value);
  },
  fromText: asIs,
};

const optionalPath: ValueKind<string> = {
  name: "path",
  read: (value) => (text.read(value) === "" ? "" : path.read(value)),
  fromText: asIs,
};

const socketPath: ValueKind<string> = {
  name: "path",
  read: (value) => {
    const bytes = Buffer.byteLength(path.read(value));
    if (bytes > longestSocketPath) {
      throw new WrongValue(`is ${bytes} bytes long; a socket's path may have at most ${longestSocketPath}`);
    }
    return text.read(value);
  },
  fromText: asIs,
};

const boolean: ValueKind<boolean> = {
  name: "boolean",
  read: (value) => {
    if (typeof value !== "boolean") throw new WrongValue("must be true or false");
    return value;
  },
  fromText: (given) => (given === "true" ? true : given === "false" ? false : given),
};

const duration: ValueKind<number> = {
  name: "duration",
  read: (value) => {
    const ms = typeof value === "string" ? parseDuration(value) : undefined;
    if (ms === undefined || ms === 0) throw new WrongValue('must be a duration, such as "30s" or "1m30s"');
    return ms;
  },
  fromText: asIs,
};

const oneOf = <const W extends string>(...words: readonly W[]): ValueKind<W> => ({
  name: words.map((word) => `\`${word}\``).join(", "),
  read: (value) => {
    const word = words.find((known) => known === value);
    if (word === undefined) throw new WrongValue(`must be one of ${words.join(", ")}`);
    return word;
  },
  fromText: asIs,
});

const listOf = <T>(name: string, item: (value: unknown) => T): ValueKind<readonly T[]> => ({
  name,
  read: (value) => {
    if (!Array.isArray(value)) throw new WrongValue("must be a list, in square brackets");
    return value.map(item);
  },
  fromText: (given) =>
    given
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
});

function readUlimit(value: unknown): string {
  const [limit, soft, hard = soft] = /^[a-z]+=(\d{1,10})(?::(\d{1,10}))?$/.exec(text.read(value)) ?? [];
  if (limit === undefined || Number(hard) < Number(soft)) {
    throw new WrongValue('must be limits such as "nofile=1024:20000" (name=soft:hard)');
  }
  return limit;
}

const key = <T>(kind: ValueKind<T>, doc: string, byDefault?: unknown): ConfigKey<T> => ({
  kind,
  doc,
  ...(byDefault !== undefined && { default: byDefault }),
});

/**
 * Every key there is. The parser, the environment variables and `docs/agent-config.md` are made from this table.
 * A key without a default is required.
 */
export const configKeys = {
  "agent.node": key(filled, "This node's name, as definitions and `mcp --node` use it."),

  "server.socket": key(
    socketPath,
    "Where `mcp` reaches the agent. Made with mode 0600: its owner is an admin.",
    "/run/mcp/agent.sock",
  ),
  "server.grpc_addr": key(text, "`host:port` for TLS. Not built yet: refused when set.", ""),
  "server.tls_cert": key(optionalPath, "The certificate for `grpc_addr`, with its chain.", ""),
  "server.tls_key": key(optionalPath, "The key of `tls_cert`.", ""),

  "database.path": key(path, "The registry: what is wanted on this node.", "/srv/mcp/mcp.db"),

  "volumes.allow": key(
    listOf("list of paths", path.read),
    "What definitions may mount; links are resolved before the check. Anything else is refused.",
    ["/srv"],
  ),

  "podman.socket": key(
    optionalPath,
    "Podman's API socket. Empty: found, or a `podman system service` of the agent's own.",
    "",
  ),
  "podman.ulimits": key(
    listOf("list of `name=soft:hard`", readUlimit),
    "Limits given to each container, for hosts where podman's defaults cannot be set.",
    [],
  ),

  "vm.state_dir": key(path, "One folder per virtual machine.", "/srv/mcp/vm-state"),
  "vm.image_dir": key(path, "The guest images.", "/srv/mcp/images"),
  "vm.accel": key(oneOf("auto", "kvm", "tcg"), "`auto` tries KVM and falls back to TCG.", "auto"),
  "vm.user": key(text, "QEMU runs as this user where the agent is root.", ""),
  "vm.user_net_outbound": key(
    boolean,
    "Whether guests on user networking may connect out; otherwise only the forwarded ports work.",
    false,
  ),
  "vm.nanos.ops": key(optionalPath, "The `ops` program. Empty: found on the PATH.", ""),
  "vm.nanos.kernel": key(optionalPath, "The Nanos kernel. Empty: the one that `ops` brings.", ""),
  "vm.nanos.boot": key(optionalPath, "The Nanos boot loader. Empty: the one that `ops` brings.", ""),
  "vm.linux.kernel": key(optionalPath, "The Linux kernel of microVMs.", ""),
  "vm.linux.modules": key(optionalPath, "The folder of that kernel's modules.", ""),
  "vm.linux.busybox": key(optionalPath, "A static busybox for microVMs. Empty: found on the PATH.", ""),

  "network.bridge": key(filled, "The bridge that virtual machines are put on, if it exists.", "mcp-br0"),

  "monitor.interval": key(duration, "How often everything is looked at, besides on events.", "30s"),

  "log.level": key(oneOf("debug", "info", "warn", "error"), "What is logged, at least.", "info"),
} as const satisfies Record<string, ConfigKey<unknown>>;

export type ConfigKeyName = keyof typeof configKeys;

/** The config by the names its keys have in the file: `config["server.socket"]`. Durations are in milliseconds. */
export type AgentConfig = {
  readonly [K in ConfigKeyName]: (typeof configKeys)[K] extends ConfigKey<infer T> ? T : never;
};

/** `server.grpc_addr` is set by `MCP_AGENT_SERVER_GRPC_ADDR`. */
export const environmentName = (name: string): string =>
  `MCP_AGENT_${name.toUpperCase().replaceAll(".", "_")}`;
