import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { cliReference } from "../scripts/reference.ts";

it("docs/cli.md is what the commands say of themselves (write it with: pnpm run docs)", async () => {
  const page = await readFile(new URL("../../../docs/cli.md", import.meta.url), "utf8");
  expect(page).toBe(await cliReference());
});
