import { asProblem, type Clock, printDuration, withTimeLimit } from "@mcp/base";
import type { CheckResult } from "@mcp/planner";
import { printEndpoint } from "../health/endpoint.ts";
import type { StageHealth } from "./stage.ts";

const limitMs = 5_000;

/** Asks once. Each way is loaded when it is first used: gRPC alone is megabytes. */
export async function askStage(health: StageHealth, clock: Clock, signal: AbortSignal): Promise<CheckResult> {
  const where = printEndpoint(health.at);
  const late = { passed: false, text: `${where} did not answer within ${printDuration(limitMs)}` };
  try {
    const { passed, text } = await withTimeLimit(
      clock,
      limitMs,
      signal,
      () => late,
      (limited) => askOnce(health, clock, limited),
    );
    return { passed, text: `${where}: ${text}` };
  } catch (thrown) {
    if (thrown === late) return late;
    return { passed: false, text: `${where}: ${asProblem(thrown).message}` };
  }
}

async function askOnce(health: StageHealth, clock: Clock, signal: AbortSignal): Promise<CheckResult> {
  switch (health.kind) {
    case "tcp": {
      const { askTcp } = await import("../health/tcp.ts");
      return askTcp(health.at, health.at.port, clock, signal);
    }
    case "http": {
      const { askHttp } = await import("../health/http.ts");
      return askHttp(health.at, health.path, signal);
    }
    case "grpc": {
      const { askGrpc } = await import("../health/grpc.ts");
      return askGrpc(health.at, "", signal);
    }
  }
}
