import { Problem, type ProblemCode, problemFromJSON } from "@mcp/base";
import type { ProblemDetailJson } from "@mcp/proto";
import { decodeDetail } from "./decode-detail.ts";

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
 * @param what  what was asked, for people: `sync`.
 */
export function problemFromWire(error: WireError, what: string): Problem {
  const detail = error.details?.find(({ type }) => type === "mcp.v1.ProblemDetail");
  if (detail?.value !== undefined)
    return problemFromDetail(decodeDetail(Buffer.from(detail.value, "base64")));
  const said = error.message ? `: ${error.message}` : "";
  const [code, message, hint] = inOurWords.get(error.code ?? "") ?? unknown;
  return new Problem(code, message.replace("$", what) + (code === "not_yet_supported" ? "" : said), hint);
}

/** A `ProblemDetail` inside another message, such as that of a failed operation. */
export function problemFromDetail({
  code = "internal",
  message = "",
  hint = "",
  mistakes = [],
}: ProblemDetailJson): Problem {
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
