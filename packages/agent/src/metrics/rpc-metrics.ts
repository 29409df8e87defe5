import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import type { Metrics } from "./metrics.ts";

/** Counts RPCs by method and code, and times those with one answer. To be the outermost: it sees what the client does. */
export function rpcMetrics(metrics: Metrics): Interceptor {
  const ended = (method: string, code: Code | undefined): void =>
    metrics.tallies.count("mcp_rpcs_total", { method, code: code === undefined ? "ok" : codeToString(code) });
  return (next) => async (request) => {
    const method = request.method.name;
    const isUnary = request.method.methodKind === "unary";
    const answer = () => next(request);
    try {
      const response = await (isUnary
        ? metrics.time("mcp_rpc_duration_seconds", () => ({ method }), answer)
        : answer());
      if (response.stream) return { ...response, message: counted(response.message, method, request.signal) };
      ended(method, undefined);
      return response;
    } catch (thrown) {
      ended(method, ConnectError.from(thrown).code);
      throw thrown;
    }
  };

  async function* counted<T>(
    messages: AsyncIterable<T>,
    method: string,
    signal: AbortSignal,
  ): AsyncGenerator<T, void> {
    const closed = metrics.stream(method);
    let code: Code | undefined;
    try {
      yield* messages;
    } catch (thrown) {
      code = ConnectError.from(thrown).code;
      throw thrown;
    } finally {
      closed();
      ended(method, code ?? (signal.aborted ? Code.Canceled : undefined));
    }
  }
}
