import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeOwnFile } from "./own-file.ts";

describe("a file of quickstart's", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-own-file-"));
    path = join(folder, "mcp-agent.toml");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("is written where there is none, and says that it may be changed", async () => {
    expect(await writeOwnFile(path, "a = 1\n")).toBe("new");
    expect(await readFile(path, "utf8")).toMatch(
      /^# Written by tools\/quickstart \([0-9a-f]{12}\)\. Once you change it.*\na = 1\n$/,
    );
  });

  it("is left alone where it is as it should be, and written anew where that has changed", async () => {
    await writeOwnFile(path, "a = 1\n");
    expect(await writeOwnFile(path, "a = 1\n")).toBe("same");
    expect(await writeOwnFile(path, "a = 2\n")).toBe("new");
    expect(await readFile(path, "utf8")).toContain("\na = 2\n");
  });

  it.each(["a = 1\n", "a = 2\n"])(
    "keeps what somebody has changed in it, where it would be %j",
    async (text) => {
      await writeOwnFile(path, "a = 1\n");
      await appendFile(path, "b = 1\n");
      const theirs = await readFile(path, "utf8");
      expect(await writeOwnFile(path, text)).toBe("changed by hand");
      expect(await readFile(path, "utf8")).toBe(theirs);
    },
  );

  it("keeps one that somebody wrote", async () => {
    await writeFile(path, "a = 3\n");
    expect(await writeOwnFile(path, "a = 1\n")).toBe("changed by hand");
    expect(await readFile(path, "utf8")).toBe("a = 3\n");
  });

  it("replaces one of an earlier version, which said so", async () => {
    await writeFile(
      path,
      "# Written by tools/quickstart, each time that it runs: what is changed here is lost then.\na = 3\n",
    );
    expect(await writeOwnFile(path, "a = 1\n")).toBe("new");
  });
});
