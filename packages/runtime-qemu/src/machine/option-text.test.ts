import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { optionText } from "./option-text.ts";

/** As QEMU takes an option apart: a comma ends a value, two are one. */
function takenApart(text: string): string[] {
  const parts = [""];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== ",") parts.push((parts.pop() ?? "") + text[at]);
    else if (text[at + 1] === ",") {
      parts.push(`${parts.pop() ?? ""},`);
      at++;
    } else parts.push("");
  }
  return parts;
}

describe("a QEMU option", () => {
  it("holds any value as one", () => {
    // A value that ends in a comma before another key is the hardest, so commas are frequent.
    const value = fc.string({ unit: fc.constantFrom(",", "=", " ", '"', "\n", "\\", "a") });
    fc.assert(
      fc.property(value, value, (one, other) => {
        expect(takenApart(optionText("file", { path: one, other }))).toEqual([
          "file",
          `path=${one}`,
          `other=${other}`,
        ]);
      }),
    );
  });

  it("leaves out what is undefined, and spells booleans on and off", () => {
    expect(optionText("socket", { server: true, wait: false, tls: undefined })).toBe(
      "socket,server=on,wait=off",
    );
  });
});
