import { expect, it } from "vitest";
import { table } from "./table.ts";

it("prints columns that line up, with numbers to the right", () => {
  const rows = [
    ["mcp --version", "1.9 ×", "2.2 ×"],
    ["ps", "12.0 ×", "1.0 ×"],
  ];
  expect(table(["what", "reached", "at most"], rows)).toBe(
    [
      "| what          | reached | at most |",
      "| ------------- | ------: | ------: |",
      "| mcp --version |   1.9 × |   2.2 × |",
      "| ps            |  12.0 × |   1.0 × |",
    ].join("\n"),
  );
});
