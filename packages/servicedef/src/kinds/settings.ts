import { parseDuration, printDuration } from "@mcp/base";
import type { RestartPolicy } from "../definition.ts";
import { quoted } from "../quoted.ts";
import { mapOf } from "./collections.ts";
import type { Kind } from "./kind.ts";
import { anyText } from "./names.ts";
import { plainText, text } from "./scalars.ts";

const dayMs = 86_400_000;
const variable = "[A-Za-z_][A-Za-z0-9_]*";

/** Milliseconds. At most a day, which every timer can wait. */
export function durationFrom(minMs: number): Kind<number> {
  return text({
    says: "duration, such as `90s` or `1m30s`",
    schema: { pattern: "^([0-9]{1,9}(\\.[0-9]{1,3})?(ms|s|m|h|d))+$" },
    parse(written, at) {
      const ms = written.length <= 100 ? parseDuration(written) : undefined;
      if (ms === undefined)
        return at.wrong(
          `${quoted(written)} is not a duration; write a number with ms, s, m, h or d, such as "10s"`,
        );
      if (ms < minMs) return at.wrong(`"${written}" is too short; at least ${printDuration(minMs)}`);
      if (ms > dayMs) return at.wrong(`"${written}" is too long; at most 1d`);
      return ms;
    },
    print: printDuration,
  });
}

export const restartPolicy = text<RestartPolicy>({
  says: "`unless-stopped`, `always`, `on-failure[:n]`, `no`",
  schema: { pattern: "^(unless-stopped|always|no|on-failure(:[1-9][0-9]{0,5})?)$" },
  parse(written, at) {
    if (written === "unless-stopped" || written === "always" || written === "no") return { policy: written };
    const found = /^on-failure(?::(?<retries>[1-9]\d{0,5}))?$/.exec(written);
    if (!found)
      return at.wrong(
        `${quoted(written)} is not one of "unless-stopped", "always", "on-failure", "on-failure:n" (n from 1), "no"`,
      );
    const retries = found.groups?.retries;
    return { policy: "on-failure", ...(retries !== undefined && { maxRetries: Number(retries) }) };
  },
  print: ({ policy, maxRetries }) => (maxRetries === undefined ? policy : `${policy}:${maxRetries}`),
});

export const environment: Kind<Readonly<Record<string, string>>> = mapOf(anyText, {
  says: "table of strings",
  nameSchema: { pattern: `^${variable}$` },
  // With a "=" in it, somebody may have written the value there as well, and that may be a secret.
  shownName: (name) => (name.includes("=") ? `${name.slice(0, name.indexOf("="))}=...` : name),
  checkName(name) {
    if (new RegExp(`^${variable}$`).test(name)) return undefined;
    if (name.includes("=")) return 'has a "=" in its name; write NAME = "value"';
    return `${quoted(name)} is not a variable's name: letters, digits and "_", not beginning with a digit`;
  },
});

/** `secret:NAME`. What is wrong is never shown: somebody may have written the secret itself. */
export const secretReference: Kind<string> = plainText(
  "`secret:NAME`",
  (written) =>
    new RegExp(`^secret:${variable}$`).test(written)
      ? undefined
      : 'must be "secret:NAME", where NAME is letters, digits and "_": the secret, and the variable that gets it',
  { pattern: `^secret:${variable}$` },
);

/** The path of an HTTP request, with its query. */
export const requestPath: Kind<string> = plainText(
  "path",
  (written) =>
    /^\/[!-~]{0,1000}$/.test(written)
      ? undefined
      : `${quoted(written)} must be a path such as "/healthz", without spaces`,
  { pattern: "^/[!-~]{0,1000}$" },
);

/** The name of a gRPC service; empty asks for the whole server. */
export const grpcService: Kind<string> = plainText(
  "gRPC service name, empty for the whole server",
  (written) =>
    /^[A-Za-z0-9_.]{0,255}$/.test(written)
      ? undefined
      : `${quoted(written)} is not a gRPC service's name, such as "hello.v1.HelloService"`,
  { pattern: "^[A-Za-z0-9_.]{0,255}$" },
);
