import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ProblemCode, problemCodes } from "@mcp/base";
import { ProblemDetailSchema } from "@mcp/proto";

export { FakeAgent, type Rpcs } from "../../../packages/client/test/fake-agent.ts";

const start = Date.parse("2026-01-02T11:00:00Z");
/** Milliseconds after an arbitrary time. */
export const at = (ms: number) => timestampFromMs(start + ms);
export const ago = (ms: number) => timestampFromMs(Date.now() - ms);

/** An error as the agent sends it. */
export function refusal(code: ProblemCode, message: string, hint: string): ConnectError {
  const wire = problemCodes[code].wire;
  const wireCode = Object.entries(Code).find(
    ([name]) => name.toLowerCase() === wire.replaceAll("_", ""),
  )?.[1] as Code;
  return new ConnectError(message, wireCode, undefined, [
    { desc: ProblemDetailSchema, value: { code, message, hint } },
  ]);
}

export const states = { queued: 1, running: 2, reverting: 3, succeeded: 4, failed: 5 } as const;
export const stepStates = { planned: 1, running: 2, done: 3, failed: 4, skipped: 5 } as const;

/** An update that holds the whole operation. */
export const operation = (state: keyof typeof states, more: object = {}) => ({
  update: {
    update: {
      case: "operation" as const,
      value: {
        id: "op-1",
        service: "hello",
        kind: "deploy",
        state: states[state],
        revision: 3n,
        createdAt: at(0),
        ...(state === "succeeded" || state === "failed" ? { finishedAt: at(1_240) } : {}),
        ...more,
      },
    },
  },
});

/** An update of one step. */
export const step = (number: number, state: keyof typeof stepStates, more: object = {}) => ({
  update: { update: { case: "step" as const, value: plannedStep(number, state, more) } },
});

export const plannedStep = (number: number, state: keyof typeof stepStates, more: object = {}) => ({
  number,
  action: "start",
  component: "web",
  reason: "it is new",
  state: stepStates[state],
  ...(state !== "planned" && { startedAt: at(100) }),
  ...((state === "done" || state === "failed") && { finishedAt: at(500) }),
  ...more,
});
