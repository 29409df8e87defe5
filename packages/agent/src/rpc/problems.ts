import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type Interceptor } from "@connectrpc/connect";
import { asProblem, Problem, type ProblemCode, type ProblemJSON, problemCodes } from "@mcp/base";
import type { Logger } from "@mcp/host";
import { type ProblemDetail, ProblemDetailSchema } from "@mcp/proto";

const wireCodes: Readonly<Record<(typeof problemCodes)[keyof typeof problemCodes]["wire"], Code>> = {
  aborted: Code.Aborted,
  already_exists: Code.AlreadyExists,
  deadline_exceeded: Code.DeadlineExceeded,
  failed_precondition: Code.FailedPrecondition,
  internal: Code.Internal,
  invalid_argument: Code.InvalidArgument,
  not_found: Code.NotFound,
  permission_denied: Code.PermissionDenied,
  resource_exhausted: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  unimplemented: Code.Unimplemented,
};

export function toDetail({ code, message, hint, mistakes }: ProblemJSON): ProblemDetail {
  return create(ProblemDetailSchema, {
    code,
    message,
    hint,
    mistakes: (mistakes ?? []).map(({ key, line, message: text }) => ({
      key,
      line: line ?? 0,
      message: text,
    })),
  });
}

export function toConnectError(problem: Problem): ConnectError {
  const code = wireCodes[problemCodes[problem.code].wire];
  return new ConnectError(problem.message, code, undefined, [outgoing(problem)]);
}

const outgoing = (problem: Problem) => ({ desc: ProblemDetailSchema, value: toDetail(problem.toJSON()) });

/**
 * A gate for each request. What Connect itself refuses, before a handler or an interceptor meets it (a body that is no JSON,
 * a wrong type, too many bytes), leaves as a problem too. Connect aborts the context with such an error before it writes it
 * down, which is where its detail can still be added.
 */
export function detailWhatConnectRefuses({ signal }: HandlerContext): void {
  const addDetail = (): void => {
    const error: unknown = signal.reason;
    if (error instanceof ConnectError && error.findDetails(ProblemDetailSchema).length === 0)
      error.details.push(outgoing(refusedByConnect(error)));
  };
  if (signal.aborted) addDetail();
  else signal.addEventListener("abort", addDetail, { once: true });
}

const malformed = ["request_invalid", "send what mcp/v1/agent.proto says, as JSON or as protobuf"] as const;
const refusals: { readonly [code in Code]?: readonly [ProblemCode, hint: string] } = {
  [Code.InvalidArgument]: malformed,
  [Code.NotFound]: ["request_invalid", "ask about a service of the API, such as mcp.v1.AgentService"],
  [Code.ResourceExhausted]: ["definition_too_large", "split the service, or move data out of its definition"],
  [Code.DeadlineExceeded]: ["timed_out", "ask again, with a longer time limit"],
  [Code.Unimplemented]: ["not_yet_supported", "compare the versions: mcp --version, mcp node status"],
};

function refusedByConnect({ code, rawMessage, cause }: ConnectError): Problem {
  // What protobuf cannot read is `internal` to Connect, as is an answer that it cannot write: only that is a bug.
  const isBug = rawMessage.startsWith("serialize ");
  const [problem, hint] = isBug ? (["internal", "report it"] as const) : (refusals[code] ?? malformed);
  return new Problem(problem, rawMessage, hint, { cause });
}

/** Every error leaves as a problem with its detail; what is none is a bug, and is logged. */
export function problemsOnTheWire(log: Logger): Interceptor {
  const convert = (thrown: unknown, method: string): unknown => {
    if (thrown instanceof ConnectError) return thrown;
    const problem = asProblem(thrown);
    if (problem.code === "internal")
      log.error("a request met a bug", { method, cause: problem.cause ?? thrown });
    return toConnectError(problem);
  };
  return (next) => async (request) => {
    try {
      const response = await next(request);
      if (!response.stream) return response;
      const messages = response.message;
      const converted = async function* () {
        try {
          yield* messages;
        } catch (thrown) {
          // The client went away: nobody is left to tell.
          if (request.signal.aborted) return;
          throw convert(thrown, request.method.name);
        }
      };
      return { ...response, message: converted() };
    } catch (thrown) {
      if (request.signal.aborted) throw new ConnectError("the client went away", Code.Canceled);
      throw convert(thrown, request.method.name);
    }
  };
}
