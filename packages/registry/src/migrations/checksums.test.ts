import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { migrations } from "./index.ts";
import { checksumOf } from "./migration.ts";

const golden: unknown = JSON.parse(readFileSync(new URL("./golden/checksums.json", import.meta.url), "utf8"));

describe("the released migrations", () => {
  it("are never edited: a change of schema is another migration, with a line of its own in the golden file", () => {
    expect(Object.fromEntries(migrations.map((each) => [each.number, checksumOf(each)]))).toEqual(golden);
  });

  it("are numbered from 1 without a gap", () => {
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1));
  });
});
