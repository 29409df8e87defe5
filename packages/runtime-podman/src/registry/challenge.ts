/** What a registry wants before it answers. */
export type Challenge =
  | { readonly scheme: "basic" }
  | { readonly scheme: "bearer"; readonly realm: string; readonly service?: string; readonly scope?: string };

/** Reads a `WWW-Authenticate` header; a bearer token is preferred where several ways are offered. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const offers = [
    ...(header ?? "").matchAll(/(?:^|,\s*)(Bearer|Basic)\b(.*?)(?=,\s*(?:Bearer|Basic)\s|$)/gis),
  ];
  const bearer = offers.find(([, scheme]) => scheme?.toLowerCase() === "bearer");
  if (bearer) {
    const params = new Map(
      [...(bearer[2] ?? "").matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)].map(
        ([, key = "", quoted, bare]) => [key.toLowerCase(), quoted ?? bare ?? ""] as const,
      ),
    );
    const realm = params.get("realm");
    const [service, scope] = [params.get("service"), params.get("scope")];
    if (realm !== undefined)
      return { scheme: "bearer", realm, ...(service && { service }), ...(scope && { scope }) };
  }
  return offers.some(([, scheme]) => scheme?.toLowerCase() === "basic") ? { scheme: "basic" } : undefined;
}
