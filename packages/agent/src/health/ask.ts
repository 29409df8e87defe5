import type { Clock } from "@mcp/base";
import type { CheckResult } from "@mcp/planner";
import type { PortMapping, Runtime } from "@mcp/runtime";
import type { CompleteHealth } from "@mcp/servicedef";
import { type Endpoint, findEndpoint } from "./endpoint.ts";
import { askExec } from "./exec.ts";
import { askGrpc } from "./grpc.ts";
import { askHttp } from "./http.ts";
import { askTcp } from "./tcp.ts";

/** An instance whose health is asked, and how. */
export interface Watched {
  readonly service: string;
  readonly instance: string;
  readonly check: CompleteHealth;
  readonly ports: readonly PortMapping[];
  /** On a bridge, the same for each of its lives. Absent: its runtime may know one. */
  readonly address?: string;
  readonly runtime: Runtime;
  /** By the wall clock; absent where it is not known. */
  readonly startedAtMs?: number;
  /** Its revision is on trial, so that it has to prove its health; what was accepted is taken to have done that. */
  readonly isOnTrial: boolean;
}

/** Asks once. @throws the signal's reason; what the runtime says of an instance whose own address is needed. */
export async function ask(watched: Watched, clock: Clock, signal: AbortSignal): Promise<CheckResult> {
  const { instance, runtime, check } = watched;
  const { probe, timeoutMs } = check;
  if (probe.kind === "exec") return askExec(runtime, instance, probe.argv, timeoutMs, signal);
  const { port } = probe;
  const at = typeof port === "number" ? await locate(port, watched, signal) : undefined;
  if (!at || typeof port !== "number")
    return { passed: false, text: "its port cannot be reached from this node; publish it with `ports`" };
  switch (probe.kind) {
    case "http":
      return askHttp(at, probe.path, signal);
    case "tcp":
      return askTcp(at, port, clock, signal);
    case "grpc":
      return askGrpc(at, probe.service, signal);
  }
}

/** What its runtime knows is asked for each time, if it is needed: it is another one after a restart. */
async function locate(
  port: number,
  { instance, ports, address, runtime }: Watched,
  signal: AbortSignal,
): Promise<Endpoint | undefined> {
  return (
    findEndpoint(port, ports, address) ??
    findEndpoint(port, ports, (await runtime.inspect(instance, signal))?.address)
  );
}
