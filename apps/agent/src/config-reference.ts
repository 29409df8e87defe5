import { type ConfigKey, configKeys, environmentName } from "./config-keys.ts";

/** The table of `docs/agent-config.md`, which a test keeps equal to this. */
export function configReference(): string {
  const rows = Object.entries(configKeys).map(
    ([name, key]: [string, ConfigKey<unknown>]) =>
      `| \`${name}\` | ${key.kind.name} | ${printDefault(key.default)} | ${key.doc} | ${key.isFileOnly ? "in the file only" : `\`${environmentName(name)}\``} |`,
  );
  return ["| key | value | default | | environment |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

function printDefault(value: unknown): string {
  if (value === undefined) return "**required**";
  return value === "" ? "empty" : `\`${JSON.stringify(value)}\``;
}
