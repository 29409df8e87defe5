const said: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed before an answer came",
  EPIPE: "the connection was closed before an answer came",
  EHOSTUNREACH: "its address cannot be reached",
  ENETUNREACH: "its address cannot be reached",
  HPE_HEADER_OVERFLOW: "its answer has too large a head",
};

/** What went wrong with a connection, for people; nothing that the peer sent is repeated. */
export function failureText(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (typeof code !== "string") return "the connection failed";
  if (code in said) return said[code] as string;
  return code.startsWith("HPE_") ? "it does not speak HTTP" : `the connection failed (${code})`;
}
