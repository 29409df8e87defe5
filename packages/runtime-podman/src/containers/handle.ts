import { Problem } from "@mcp/base";
import type { Handle } from "@mcp/runtime";

const version = 1;

/** A handle holds the container's id: its name may be another's by the time it is read. */
export function handleOf(name: string, id: string): Handle {
  return { kind: "container", v: version, state: JSON.stringify({ id, name }) };
}

/** @throws Problem `runtime_failed`. */
export function idOf(handle: Handle): string {
  if (handle.v > version) {
    throw new Problem(
      "runtime_failed",
      `a container's handle is of version ${handle.v}, and this agent reads them up to ${version}`,
      "upgrade the agent to at least the version that started the container",
    );
  }
  const state: unknown = parse(handle.state);
  if (typeof state === "object" && state !== null && "id" in state && typeof state.id === "string") {
    return state.id;
  }
  throw new Problem("runtime_failed", "a container's handle cannot be read", "see what runs: mcp ps");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
