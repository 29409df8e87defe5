import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { asProblem, type Problem, type ProblemJSON, problemCodes } from "@mcp/base";
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
  const detail = { desc: ProblemDetailSchema, value: toDetail(problem.toJSON()) };
  return new ConnectError(problem.message, wireCodes[problemCodes[problem.code].wire], undefined, [detail]);
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
