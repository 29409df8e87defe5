import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { files, packages, read, root } from "./tree.ts";

const execute = promisify(execFile);

/** Packages whose examples touch nothing but temporary files, so that they can be run anywhere. */
const runAnywhere = ["base", "host", "planner", "proto", "runtime", "servicedef"];

const examples = packages
  .filter(({ folder }) => files.includes(`${folder}/README.md`))
  .flatMap(({ short, folder }) =>
    [...read(`${folder}/README.md`).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match, index) => ({
      short,
      // In the package's own folder, so that it imports the package by its name, as a reader would.
      file: `${folder}/readme-example-${index + 1}.tmp.ts`,
      code: match[1] ?? "",
    })),
  );

describe("the examples in the packages' READMEs", () => {
  beforeAll(async () => {
    // An example without an import would share its names with all others.
    await Promise.all(examples.map(({ file, code }) => writeFile(join(root, file), `${code}\nexport {};\n`)));
  });
  afterAll(async () => {
    await Promise.all(examples.map(({ file }) => rm(join(root, file), { force: true })));
    await rm(join(root, "readme-examples.tmp.json"), { force: true });
  });

  it("are there, for each package that is a library", () => {
    const without = packages
      .filter(({ folder, short }) => !folder.startsWith("apps/") && !examples.some((e) => e.short === short))
      .map(({ folder }) => `${folder}/README.md`);
    expect(without).toEqual([]);
  });

  it("compile", async () => {
    const config = {
      extends: "./tsconfig.json",
      compilerOptions: { noUnusedLocals: false },
      include: [],
      files: examples.map(({ file }) => file),
    };
    await writeFile(join(root, "readme-examples.tmp.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/.bin/tsc");
    const { stdout } = await execute(tsc, ["--noEmit", "-p", "readme-examples.tmp.json"], {
      cwd: root,
    }).catch((failed: { stdout: string }) => failed);
    expect(stdout).toBe("");
  });

  it.each(examples.filter(({ short }) => runAnywhere.includes(short)))("run: $file", async ({ file }) => {
    // By tsx, since generated code has enums.
    const argv = ["--conditions=@mcp/source", "--import", "tsx", file];
    await execute(process.execPath, argv, { cwd: root, timeout: 15_000 });
  });
});
