import { Problem } from "@mcp/base";
import type { Handle } from "@mcp/runtime";
import type { VmRecord } from "./vm-record.ts";

const version = 1;

/** A handle holds the token of the making: its name may be another's by the time it is read. */
export function handleOf({ spec, token }: VmRecord): Handle {
  return { kind: spec.kind, v: version, state: JSON.stringify({ name: spec.name, token }) };
}

/** @throws Problem `runtime_failed` if it is of a later version, or not a handle of a virtual machine. */
export function readHandle(handle: Handle): { readonly name: string; readonly token: string } {
  if (handle.v > version) {
    throw new Problem(
      "runtime_failed",
      `a virtual machine's handle is of version ${handle.v}, and this agent reads them up to ${version}`,
      "upgrade the agent to at least the version that started it",
    );
  }
  const state = parse(handle.state);
  if (typeof state?.name === "string" && typeof state.token === "string") {
    return { name: state.name, token: state.token };
  }
  throw new Problem("runtime_failed", "a virtual machine's handle cannot be read", "see what runs: mcp ps");
}

function parse(text: string): { name?: unknown; token?: unknown } | null | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
