import { expect, it } from "vitest";
import { configReference } from "../../apps/agent/src/config-reference.ts";
import { read } from "./tree.ts";

it("docs/agent-config.md has the table of keys as it is in code (write it with: pnpm run docs)", () => {
  const [, table] = /<!-- keys: [^\n]* -->\n([\s\S]*)\n<!-- end -->/.exec(read("docs/agent-config.md")) ?? [];
  expect(table).toBe(configReference());
});
