import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "@mcp/host";
import { expect, it } from "vitest";
import { temporaryFolder } from "./temporary.ts";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

it("the README's example runs", async () => {
  const readme = readFileSync(join(packageFolder, "README.md"), "utf8");
  const [, example = ""] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const path = join(temporaryFolder(), "srv", "mcp.db");
  const runnable = example.replace('"/srv/mcp/mcp.db"', JSON.stringify(path));
  expect(runnable).not.toBe(example);
  const { stdout } = await run(
    [process.execPath, "--conditions", "@mcp/source", "--input-type=module-typescript", "--eval", runnable],
    { cwd: packageFolder },
  );
  expect(stdout).toMatch(/name: 'hello',\s+desired: 'running',\s+managed: 'heal',\s+currentRevision: 1/);
  expect(stdout).toMatch(/role: 'current'/);
});
