import { isProblem, type Problem, problemFromJSON } from "@mcp/base";
import type { AgentClient, OperationUpdateJson } from "@mcp/client";
import { AgentCommand } from "./agent-command.ts";
import type { Target } from "./definition/target.ts";
import { withAftermath } from "./failure/context.ts";
import { Interrupted } from "./failure/interrupted.ts";
import { applyUpdate, type OperationModel } from "./live/operation-model.ts";
import { noProgress, type Progress } from "./live/progress.ts";
import type { OperationReport } from "./reports/operation-report.ts";
import { numberOrNull } from "./reports/words.ts";
import { newRequestId } from "./request-id.ts";
import { styleFor } from "./terminal/style.ts";
import { resultView } from "./views/result-view.ts";

type Updates = AsyncIterable<{ readonly update?: OperationUpdateJson }>;

export interface Wanted {
  readonly agent: AgentClient;
  readonly target: Target;
  /** What can be typed again to follow what goes on already: `deploy hello`. Absent where that would do it twice. */
  readonly again?: string;
  /** Ask the agent; a stream that is asked for again with the same id meets the same operation. */
  readonly start: (requestId: string, signal: AbortSignal) => Updates;
  /** Of the whole service, if all of it is deployed. */
  readonly componentCount?: number;
  /** The definition that is deployed says `active = false`; where only the agent knows that, asked after the end. */
  readonly isInactive?: boolean | (() => Promise<boolean>);
}

/** The base of a command that changes what runs. */
export abstract class OperationCommand extends AgentCommand {
  /**
   * Ask for an operation, show how far it is, and print what it came to.
   *
   * @throws Problem what it failed at, with the last log lines and what goes on running; `Interrupted`.
   */
  protected async carryOut(wanted: Wanted): Promise<OperationReport> {
    const operation = await this.#follow(wanted);
    if (operation.state === "failed") throw await failure(operation, wanted);
    const { isInactive = false } = wanted;
    const asked = {
      ...wanted,
      isInactive: typeof isInactive === "boolean" ? isInactive : await isInactive(),
    };
    this.print(resultView(operation, asked, this.style));
    return operation;
  }

  async #follow({ agent, target, again, start }: Wanted): Promise<OperationReport> {
    const { followOperation } = await import("@mcp/client");
    const requestId = newRequestId();
    const { signal } = this;
    const progress = await this.#progress();
    let model: OperationModel | undefined;
    try {
      const options = { client: agent, requestId, signal };
      for await (const followed of followOperation(start(requestId, signal), options)) {
        if (followed.type === "lost") {
          progress.note("the agent went away; waiting for it to come back");
          continue;
        }
        model = applyUpdate(model, followed.update);
        if (model) progress.show(model);
      }
    } catch (thrown) {
      if (thrown instanceof Interrupted)
        thrown.note = interruptionNote(target.service, again, model !== undefined);
      throw thrown;
    } finally {
      progress.end();
    }
    if (!model) throw new Error("an operation was followed to its end without a word of it");
    return model.operation;
  }

  async #progress(): Promise<Progress> {
    if (this.jsonEnabled()) return noProgress;
    const { stderr, env } = process;
    if (stderr.isTTY && env.TERM !== "dumb") {
      const [{ LiveProgress }, { systemClock }] = await Promise.all([
        import("./live/live-progress.ts"),
        import("@mcp/client"),
      ]);
      return new LiveProgress(stderr, styleFor(stderr, env), systemClock);
    }
    const { PlainProgress } = await import("./live/plain-progress.ts");
    return new PlainProgress((text) => stderr.write(text));
  }
}

async function failure(operation: OperationReport, { agent, target: { service } }: Wanted): Promise<Problem> {
  const problem = problemFromJSON(
    operation.problem ?? {
      code: "internal",
      message: `the ${operation.kind} of ${service} failed`,
      hint: "",
    },
  );
  const hasRevision = operation.kind === "deploy" || operation.kind === "rollback";
  const goesOn = hasRevision ? await currentRevision(agent, service) : undefined;
  return withAftermath(problem, { operation, goesOn });
}

/** Null if nothing of the service was ever accepted; undefined if the agent cannot say. */
async function currentRevision(agent: AgentClient, service: string): Promise<number | null | undefined> {
  try {
    const { service: summary } = await agent.getService({ service }, { timeoutMs: 5_000 });
    return numberOrNull(summary?.revision);
  } catch (thrown) {
    if (!isProblem(thrown)) throw thrown;
    const isNone = thrown.code === "service_not_found" || thrown.code === "revision_not_found";
    return isNone ? null : undefined;
  }
}

function interruptionNote(service: string, again: string | undefined, wasAccepted: boolean): string {
  if (!wasAccepted) return `the agent may or may not have begun; see with: mcp status ${service}`;
  const follow = again === undefined ? "" : `, or follow it with: mcp ${again}`;
  return `the agent goes on with it; see how far it is with: mcp status ${service}${follow}`;
}
