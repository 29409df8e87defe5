import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { files, read, root } from "./tree.ts";

const pages = files.filter((path) => path.endsWith(".md"));

/** Of a page, what it says outside of blocks of code, each with the path from the tree's root that it stands for. */
function targetsOf(page: string, text: string): { readonly said: string; readonly path: string }[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, "");
  const links = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)]
    .map(([, target = ""]) => target)
    // Another host's, or a place in the same page.
    .filter((target) => !/^([a-z]+:|#|\/\/)/.test(target))
    .map((said) => ({
      said,
      path: normalize(join(dirname(page), decodeURIComponent(said.replace(/#.*/, "")))),
    }));
  const mentioned = [...prose.matchAll(/`(docs\/[^`\s*<]+\.md)(?:#[^`]*)?`/g)].map(([, path = ""]) => ({
    said: path,
    path,
  }));
  return [...links, ...mentioned];
}

describe("what a page points at", () => {
  it("is there", () => {
    const all = pages.flatMap((page) => targetsOf(page, read(page)).map((target) => ({ page, ...target })));
    const missing = all
      .filter(({ path }) => !existsSync(join(root, path)))
      .map(({ page, said }) => `${page} points at ${said}, which is not there`);
    expect(all.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  it("is found as a link and in running text, but not on other hosts or in code", () => {
    const text =
      "[a](b.md#c) `docs/d.md` [e](https://example.net/f.md) [g](#h) ![i](../j.png)\n```sh\ncat [k](l.md)\n```\n";
    expect(targetsOf("docs/decisions/page.md", text).map(({ path }) => path)).toEqual([
      "docs/decisions/b.md",
      "docs/j.png",
      "docs/d.md",
    ]);
  });
});
