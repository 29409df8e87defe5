/** One thing that happened inside QEMU: `SHUTDOWN`, `STOP`, `GUEST_PANICKED`, … */
export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** By QEMU's clock, in milliseconds since the epoch. */
  readonly atMs: number;
}

export type QmpMessage =
  | { readonly is: "greeting"; readonly version: string }
  | { readonly is: "event"; readonly event: QmpEvent }
  | { readonly is: "answer"; readonly id: string; readonly value: unknown }
  | { readonly is: "refusal"; readonly id: string | undefined; readonly kind: string; readonly text: string };

/** What a line of QEMU's means; undefined if it is none of its messages. Pure. */
export function parseMessage(line: string): QmpMessage | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(json)) return undefined;
  const id = typeof json.id === "string" ? json.id : undefined;
  if (isRecord(json.QMP)) return { is: "greeting", version: versionOf(json.QMP) };
  if (typeof json.event === "string") return { is: "event", event: eventOf(json.event, json) };
  if (isRecord(json.error)) {
    const { class: kind, desc } = json.error;
    return { is: "refusal", id, kind: plain(kind), text: plain(desc) };
  }
  if ("return" in json && id !== undefined) return { is: "answer", id, value: json.return };
  return undefined;
}

function eventOf(event: string, { data, timestamp }: Record<string, unknown>): QmpEvent {
  const { seconds, microseconds } = isRecord(timestamp) ? timestamp : {};
  const atMs = Number(seconds) * 1_000 + Math.trunc(Number(microseconds) / 1_000);
  return { event, data: isRecord(data) ? data : {}, atMs: Number.isFinite(atMs) ? atMs : 0 };
}

function versionOf({ version }: Record<string, unknown>): string {
  const qemu = isRecord(version) && isRecord(version.qemu) ? version.qemu : {};
  return [qemu.major, qemu.minor, qemu.micro].map(Number).join(".");
}

/** What QEMU says ends up before people's eyes: one line, not long, and nothing that a terminal would act on. */
function plain(text: unknown): string {
  return String(text)
    .slice(0, 500)
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
