import { Problem } from "@mcp/base";

const maxLineBytes = 1024 * 1024;

/** The JSON values of a stream that holds one a line. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield parseLine(line);
    if (rest.length > maxLineBytes) throw senseless(rest);
  }
  if (rest.trim() !== "") yield parseLine(rest);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw senseless(line);
  }
}

function senseless(line: string): Problem {
  return new Problem(
    "runtime_failed",
    `podman sent something that is no JSON: ${line.slice(0, 80)}`,
    "see what answers on its socket",
  );
}
