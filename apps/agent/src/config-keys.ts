import { bootStages } from "./config-boot.ts";
import {
  argv,
  boolean,
  duration,
  filled,
  listOf,
  oneOf,
  optionalAddress,
  optionalPath,
  optionalUrl,
  path,
  readAddress,
  readUlimit,
  socketPath,
  text,
  type ValueKind,
  wholeNumber,
} from "./config-kinds.ts";
import { optionalLoopback } from "./config-metrics.ts";
import { allowedPort, bridge, bridgeAddress } from "./config-network.ts";

export { type ValueKind, WrongValue } from "./config-kinds.ts";

export interface ConfigKey<T> {
  readonly kind: ValueKind<T>;
  /** As it would stand in the file; absent where the key is required. */
  readonly default?: unknown;
  /** One line for the reference. */
  readonly doc: string;
  /** Tables: no variable could hold them. */
  readonly isFileOnly?: true;
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

  "network.bridge": key(
    bridge,
    "The bridge that virtual machines are put on, if it exists; one that is named here must exist. Empty: none. See [network.md](network.md).",
    "mcp-br0",
  ),
  "network.address": key(
    bridgeAddress,
    "What `mcp-agent network setup` gives a bridge that it makes. The subnet of one that is there is read from it.",
    "10.99.0.1/24",
  ),
  "network.allow": key(
    listOf("list of ports", allowedPort),
    "Ports of the bridge's own address that virtual machines on it may reach, such as `8443` or `53/udp`.",
    [],
  ),

  "monitor.interval": key(duration, "How often everything is looked at, besides on events.", "30s"),

  "monitor.events_max": key(
    wholeNumber(1_000, 10_000_000),
    "How many events are kept, the newest ones; a million take 170 MB.",
    1_000_000,
  ),
  "monitor.events_age": key(duration, "How long events are kept.", "30d"),

  "monitor.disk_full_percent": key(
    wholeNumber(1, 99),
    "A disk so full, in percent, is a warning; from 97 on it is critical. Those of the database, of virtual machines and of podman.",
    90,
  ),
  "monitor.memory_low_percent": key(
    wholeNumber(1, 50),
    "Less memory than this left, in percent, is a warning.",
    5,
  ),
  "monitor.alert_command": key(
    argv,
    "Run for each alert, with what it is about in its environment and on standard input; see [alerts](alerts.md).",
    [],
  ),
  "monitor.alert_cooldown": key(duration, "What stays wrong is told again after so long.", "6h"),
  "monitor.flap_threshold": key(
    wholeNumber(1, 1_000),
    "What begins more often than this within `flap_window` is told once, as flapping.",
    5,
  ),
  "monitor.flap_window": key(
    duration,
    "See `flap_threshold`; also how long it must keep still after it.",
    "10m",
  ),
  "monitor.alert_ca_file": key(
    optionalPath,
    "Certificates (PEM) that the webhook and the mail server may be vouched for by, besides the usual ones.",
    "",
  ),
  "monitor.webhook_url": key(optionalUrl, "Alerts are sent there as JSON, by POST.", ""),
  "monitor.webhook_token_file": key(
    optionalPath,
    "Holds the bearer token of `webhook_url`; mode 0600. Only over https, or to this machine.",
    "",
  ),
  "monitor.smtp_host": key(text, "The server that takes alerts as mail.", ""),
  "monitor.smtp_port": key(wholeNumber(1, 65_535), "Its port.", 587),
  "monitor.smtp_tls": key(
    oneOf("starttls", "tls", "none"),
    "`starttls` refuses a server that does not offer it; `tls` is for port 465; `none` sends in the clear.",
    "starttls",
  ),
  "monitor.smtp_user": key(text, "Who to be there. Empty: nobody in particular.", ""),
  "monitor.smtp_password_file": key(
    optionalPath,
    "Holds the password of `smtp_user`; mode 0600. Never sent without TLS.",
    "",
  ),
  "monitor.email_from": key(optionalAddress, "Whom alerts come from.", ""),
  "monitor.email_to": key(listOf("list of mail addresses", readAddress), "Who gets alerts by mail.", []),

  "boot.sequence": {
    ...key(
      bootStages,
      "One table for each stage of what is started after a boot; see [agent.md](agent.md#the-order-after-a-boot).",
      [],
    ),
    isFileOnly: true,
  },

  "metrics.listen": key(
    optionalLoopback,
    "Where metrics are served by TCP, besides on the socket; see [metrics.md](metrics.md). Empty: nowhere.",
    "",
  ),

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
