import { Problem, printDuration } from "@mcp/base";
import { parseAddress } from "./address.ts";
import { stream, unary } from "./connect-protocol.ts";
import { Http1Wire } from "./http1-wire.ts";
import {
  isStreamRpc,
  pathOf,
  type Request,
  type Response,
  rpcKinds,
  type StreamRpc,
  type UnaryRpc,
} from "./rpc.ts";
import type { Wire } from "./wire.ts";

export interface CallOptions {
  /** Ends the call; what it was doing at the agent goes on. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole of a unary call. Default 30 000. A stream has no limit: it lasts as long as it is followed. */
  readonly timeoutMs?: number;
}

/**
 * The RPCs of an agent, as `mcp.v1.AgentService` lists them, with messages in their JSON form. Each throws a Problem:
 * the agent's own, or `agent_unreachable`, `permission_denied`, `timed_out`, `not_yet_supported`. An abort rethrows
 * `signal.reason`.
 */
export type AgentClient = {
  readonly [K in UnaryRpc]: (request: Request<K>, options?: CallOptions) => Promise<Response<K>>;
} & {
  readonly [K in StreamRpc]: (request: Request<K>, options?: CallOptions) => AsyncIterable<Response<K>>;
} & {
  /** Ends the connection, and with it every call. */
  close(): void;
};

export interface ConnectOptions {
  /** `unix:/path`, or `host:port` once TLS is built. */
  readonly address: string;
}

/**
 * Talk to the agent at an address. Nothing is sent before the first call.
 *
 * @throws Problem `config_invalid` if the address is none; `not_yet_supported` for `host:port`.
 * @example const agent = connect({ address: "unix:/run/mcp/agent.sock" }); const { services } = await agent.listServices({});
 */
export function connect({ address }: ConnectOptions): AgentClient {
  const parsed = parseAddress(address);
  if (parsed.kind === "tcp")
    throw new Problem(
      "not_yet_supported",
      `${address} cannot be reached yet: that needs TLS, which is not built`,
      "run mcp on the node itself, with the address unix:/run/mcp/agent.sock",
    );
  return clientOver(new Http1Wire(parsed.path));
}

/** An agent's RPCs over any wire. */
export function clientOver(wire: Wire): AgentClient {
  const calls = Object.keys(rpcKinds).map((name) => {
    const rpc = name as UnaryRpc | StreamRpc;
    const call = isStreamRpc(rpc) ? streamCall(wire, rpc) : unaryCall(wire, rpc);
    return [rpc, call];
  });
  return { ...Object.fromEntries(calls), close: () => wire.close() };
}

const defaultTimeoutMs = 30_000;

function unaryCall(wire: Wire, rpc: UnaryRpc) {
  return async (
    request: unknown,
    { signal, timeoutMs = defaultTimeoutMs }: CallOptions = {},
  ): Promise<unknown> => {
    const limit = AbortSignal.timeout(timeoutMs);
    const joined = signal ? AbortSignal.any([signal, limit]) : limit;
    try {
      return await unary(wire, { path: pathOf(rpc), what: rpc, request, signal: joined });
    } catch (error) {
      if (!limit.aborted || signal?.aborted) throw error;
      throw new Problem(
        "timed_out",
        `the agent has not answered ${rpc} within ${printDuration(timeoutMs)}`,
        "see its log: journalctl -u mcp-agent",
        { cause: error },
      );
    }
  };
}

function streamCall(wire: Wire, rpc: StreamRpc) {
  return (request: unknown, { signal }: CallOptions = {}): AsyncIterable<unknown> =>
    stream(wire, { path: pathOf(rpc), what: rpc, request, ...(signal && { signal }) });
}
