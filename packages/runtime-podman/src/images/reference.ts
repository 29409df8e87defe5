/** An image reference, taken apart as podman does it. */
export interface Reference {
  /** `registry.example:8443`; empty where none is named. */
  readonly registry: string;
  /** `shop/api`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** The first part is a registry if it looks like a host: it has a dot or a port, or is `localhost`. */
export function parseReference(text: string): Reference {
  const [name = "", digest] = text.split("@", 2);
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const hasRegistry = first.includes(".") || first.includes(":") || first === "localhost";
  const rest = hasRegistry ? name.slice(slash + 1) : name;
  const colon = rest.lastIndexOf(":");
  return {
    registry: hasRegistry ? first : "",
    path: colon < 0 ? rest : rest.slice(0, colon),
    ...(colon >= 0 && { tag: rest.slice(colon + 1) }),
    ...(digest !== undefined && { digest }),
  };
}

/** Without tag and digest. */
export function repositoryOf(text: string): string {
  const { registry, path } = parseReference(text);
  return registry === "" ? path : `${registry}/${path}`;
}

/** An image's id, or the beginning of one, instead of a name. */
export function isBareId(text: string): boolean {
  return /^(sha256:)?[0-9a-f]{12,64}$/.test(text);
}

/** Whether there is no registry to ask: `localhost/…` is what podman calls images that were built here. */
export function isLocalOnly(text: string): boolean {
  const { registry } = parseReference(text);
  return isBareId(text) || registry === "" || registry === "localhost";
}
