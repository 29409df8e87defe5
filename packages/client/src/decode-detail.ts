import type { MistakeJson, ProblemDetailJson } from "@mcp/proto";

/*
 * The details of a Connect error are protobuf also where all else is JSON. This reads the one message that mcp puts there,
 * so that a program need not load protobuf for it. A field is a key (its number, and in the low three bits how it is
 * written), then a varint or a length and as many bytes; what is written in another way is not in this message.
 */

type Field =
  | { readonly number: number; readonly value: number }
  | { readonly number: number; readonly bytes: Buffer };

/** Read a `mcp.v1.ProblemDetail`; as much of it as makes sense. */
export function decodeDetail(message: Buffer): ProblemDetailJson {
  const detail: ProblemDetailJson = {};
  const mistakes: MistakeJson[] = [];
  for (const field of fieldsOf(message)) {
    if (!("bytes" in field)) continue;
    const { number, bytes } = field;
    if (number === 1) detail.code = bytes.toString("utf8");
    else if (number === 2) detail.message = bytes.toString("utf8");
    else if (number === 3) detail.hint = bytes.toString("utf8");
    else if (number === 4) mistakes.push(decodeMistake(bytes));
  }
  return { ...detail, mistakes };
}

function decodeMistake(message: Buffer): MistakeJson {
  const mistake: MistakeJson = {};
  for (const field of fieldsOf(message)) {
    if ("value" in field && field.number === 2) mistake.line = field.value;
    if (!("bytes" in field)) continue;
    if (field.number === 1) mistake.key = field.bytes.toString("utf8");
    else if (field.number === 3) mistake.message = field.bytes.toString("utf8");
  }
  return mistake;
}

function* fieldsOf(message: Buffer): Generator<Field, void> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; at < message.length; shift *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 127) * shift;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < message.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const writtenAs = key & 7;
    if (writtenAs === 0) yield { number, value: varint() };
    else if (writtenAs === 2) {
      const length = varint();
      yield { number, bytes: message.subarray(at, at + length) };
      at += length;
    } else return;
  }
}
