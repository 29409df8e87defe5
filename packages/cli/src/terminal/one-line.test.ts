import { expect, it } from "vitest";
import { oneLine } from "./one-line.ts";
import { aligned } from "./table.ts";

it("text from outside stays in its line and gives the terminal no orders", () => {
  expect(oneLine("plain ünïcode 🙂 stays")).toBe("plain ünïcode 🙂 stays");
  expect(oneLine("a\nb\r\tc")).toBe("a\\nb\\r\\tc");
  expect(oneLine("\u001b[2J\u0007\u009b31m\u007f")).toBe("\\x1b[2J\\x07\\x9b31m\\x7f");
  expect(oneLine("exe.\u202egpj\u2028")).toBe("exe.\\u202egpj\\u2028");
});

it("so does every cell of a table, with its column as wide as what is shown", () => {
  expect(
    aligned([
      ["\u001b[31m", "x"],
      ["b", "y"],
    ]),
  ).toBe("\\x1b[31m  x\nb         y");
  expect(aligned([[{ text: "\n", paint: (text) => `<${text}>` }]])).toBe("<\\n>");
});
