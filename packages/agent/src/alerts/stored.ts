import type { AlertMessage, Remembered } from "@mcp/planner";

// What the registry keeps of alerts is JSON of ours. What cannot be read, from a later version say, counts as never
// told: an alert too many is better than one too few.

interface StoredEntry extends Remembered {
  readonly v: 1;
}

export const toStored = (entry: Remembered): StoredEntry => ({ v: 1, ...entry });

export function fromStored(content: unknown): Remembered[] {
  const { v, ...entry } = content as StoredEntry;
  return v === 1 && typeof entry.condition?.code === "string" && Array.isArray(entry.beginnings)
    ? [entry]
    : [];
}

interface StoredMessage {
  readonly v: 1;
  readonly message: AlertMessage;
}

export const messageToStored = (message: AlertMessage): StoredMessage => ({ v: 1, message });

export function messageFromStored(content: unknown): AlertMessage | undefined {
  const { v, message } = content as StoredMessage;
  return v === 1 && typeof message?.title === "string" ? message : undefined;
}
