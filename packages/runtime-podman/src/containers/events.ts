import type { IncomingMessage } from "node:http";
import { Problem } from "@mcp/base";
import { labelsFromRecord, type RuntimeEvent } from "@mcp/runtime";
import { jsonLines } from "../http/json-lines.ts";
import { expectStatus, refusal } from "../http/reply.ts";
import type { PodmanApi } from "../podman-api.ts";

/** The parts of an event that are read. */
export interface PodmanEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> | null };
  readonly timeNano: number;
}

const meaning: Readonly<Record<string, RuntimeEvent["what"]>> = {
  start: "started",
  died: "exited",
  remove: "removed",
  pause: "changed",
  unpause: "changed",
  rename: "changed",
  update: "changed",
  restart: "changed",
};

/** Undefined for what is not about a container of ours, or says nothing that another event does not. */
export function fromPodmanEvent({ Type, Action, Actor, timeNano }: PodmanEvent): RuntimeEvent | undefined {
  const what = meaning[Action];
  const labels = labelsFromRecord(Actor.Attributes ?? {});
  if (Type !== "container" || !what || !labels) return undefined;
  // By its label: its name is another if somebody has renamed it.
  return { name: labels.instance, what, atMs: Math.floor(timeNano / 1_000_000) };
}

export async function openEvents(api: PodmanApi, signal: AbortSignal): Promise<IncomingMessage> {
  // Not by our label: before 4.5 podman matches a label only together with its value.
  const query = { stream: true, filters: JSON.stringify({ type: ["container"] }) };
  const call = { what: "begin to tell events", method: "GET", path: "/events", query } as const;
  const response = await api.stream(call, signal);
  if (response.statusCode !== 200) expectStatus(await refusal(response), call.what, 200);
  return response;
}

/** @throws Problem `runtime_unavailable` when the stream is lost. */
export async function* readEvents(
  api: PodmanApi,
  response: IncomingMessage,
  signal: AbortSignal,
): AsyncGenerator<RuntimeEvent> {
  for await (const event of api.read(response, signal, jsonLines)) {
    const told = fromPodmanEvent(event as PodmanEvent);
    if (told) yield told;
  }
  throw new Problem(
    "runtime_unavailable",
    "podman ended its stream of events",
    "see whether podman was restarted",
  );
}
