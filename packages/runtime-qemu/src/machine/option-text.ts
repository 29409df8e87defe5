/**
 * A value as it stands in QEMU's `key=value,key=value` options: there a comma ends the value unless it is doubled, and
 * everything else (spaces, quotes, newlines, `=`) is itself.
 */
export const optionValue = (value: string): string => value.replaceAll(",", ",,");

/** `driver,key=value,…`: what is undefined is left out, a boolean is `on` or `off`. */
export function optionText(
  first: string,
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parts = Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return `${key}=${typeof value === "boolean" ? (value ? "on" : "off") : optionValue(String(value))}`;
  });
  return [optionValue(first), ...parts].filter((part) => part !== "").join(",");
}
