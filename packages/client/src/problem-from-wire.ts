import { Problem, type ProblemCode, problemFromJSON } from "@mcp/base";

/** An error as Connect writes it in JSON. */
export interface WireError {
  readonly code?: string;
  readonly message?: string;
  readonly details?: readonly { readonly type?: string; readonly value?: string }[];
}

/**
 * What the agent refused or failed at, in its own words: from the `mcp.v1.ProblemDetail` that its errors carry. An
 * error without one comes from an older agent, or from what stands between.
 *
 * @param what  what was asked, for people: `Sync`.
 */
export async function problemFromWire(error: WireError, what: string): Promise<Problem> {
  const detail = error.details?.find(({ type }) => type === "mcp.v1.ProblemDetail");
  if (detail?.value !== undefined) return fromDetail(detail.value);
  const said = error.message ? `: ${error.message}` : "";
  const [code, message, hint] = inOurWords.get(error.code ?? "") ?? unknown;
  return new Problem(code, message.replace("$", what) + (code === "not_yet_supported" ? "" : said), hint);
}

/** Loaded only here: protobuf's tables take longer to set up than a whole command does. */
async function fromDetail(base64: string): Promise<Problem> {
  const [{ fromBinary }, { ProblemDetailSchema }] = await Promise.all([
    import("@bufbuild/protobuf"),
    import("@mcp/proto"),
  ]);
  const { code, message, hint, mistakes } = fromBinary(ProblemDetailSchema, Buffer.from(base64, "base64"));
  return problemFromDetail({ code, message, hint, mistakes });
}

interface Detail {
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly mistakes?: readonly { readonly key?: string; readonly line?: number; readonly message?: string }[];
}

/** A `ProblemDetail` inside another message, such as that of a failed operation. */
export function problemFromDetail({
  code = "internal",
  message = "",
  hint = "",
  mistakes = [],
}: Detail): Problem {
  return problemFromJSON({
    code,
    message,
    hint,
    ...(mistakes.length > 0 && {
      mistakes: mistakes.map(({ key = "", line = 0, message: text = "" }) => ({
        key,
        message: text,
        ...(line > 0 && { line }),
      })),
    }),
  });
}

const unknown = [
  "internal",
  "the agent failed at $",
  "see its log: journalctl -u mcp-agent",
] as const satisfies InOurWords;

type InOurWords = readonly [ProblemCode, message: string, hint: string];

/** Connect's codes, for errors that say nothing more. `$` is what was asked. */
const inOurWords: ReadonlyMap<string, InOurWords> = new Map([
  [
    "unimplemented",
    ["not_yet_supported", "this agent cannot do $ yet", "see the version of the agent with: mcp node status"],
  ],
  [
    "unauthenticated",
    ["permission_denied", "the agent does not know you", "use an account that the agent allows"],
  ],
  [
    "permission_denied",
    ["permission_denied", "the agent does not allow $", "use an account that the agent allows"],
  ],
  ["unavailable", ["agent_unreachable", "the agent cannot answer now", "try again in a moment"]],
  ["canceled", ["agent_unreachable", "the agent broke off $", "try again in a moment"]],
  [
    "deadline_exceeded",
    ["timed_out", "the agent took too long over $", "see its log: journalctl -u mcp-agent"],
  ],
  [
    "invalid_argument",
    ["request_invalid", "the agent does not understand $", "use the same version on both sides"],
  ],
  ["resource_exhausted", ["request_invalid", "the agent finds $ too large", "send less at once"]],
]);
