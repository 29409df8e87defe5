import { longestSocketPath, Problem } from "@mcp/base";

/** Where an agent listens. */
export type AgentAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/**
 * Read `unix:/path` or `host:port` (an IPv6 host in brackets).
 * @throws Problem `config_invalid`.
 */
export function parseAddress(text: string): AgentAddress {
  if (text.startsWith("unix:")) return { kind: "unix", path: socketPath(text.slice("unix:".length), text) };
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port < 1 || port > 65_535) throw notAnAddress(text, "it is neither of these");
  return { kind: "tcp", host, port };
}

function socketPath(path: string, text: string): string {
  if (!path.startsWith("/")) throw notAnAddress(text, "the path does not begin with a slash");
  if (path.includes("\0")) throw notAnAddress(text, "the path has a NUL byte in it");
  if (Buffer.byteLength(path) > longestSocketPath)
    throw notAnAddress(
      text,
      `the path is longer than ${longestSocketPath} bytes, the most a socket may have`,
    );
  return path;
}

const notAnAddress = (text: string, why: string): Problem =>
  new Problem(
    "config_invalid",
    `${JSON.stringify(text)} is not an agent's address: ${why}`,
    'write it as "unix:/run/mcp/agent.sock" or "host:port"',
  );
