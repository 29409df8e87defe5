import { defineConfig } from "vitest/config";

// Tests import the packages' sources through this export condition, so a stale build can never be what was tested.
const conditions = ["@mcp/source", "module", "node", "import", "default"];
const project = (name: string, include: string[], more: Record<string, unknown> = {}) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  // What is waited for comes when it comes: a busy machine is no failure.
  test: {
    name,
    include,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    ...more,
  },
});

export default defineConfig({
  test: {
    projects: [
      project("unit", ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "tools/**/*.test.ts"]),
      project("architecture", ["test/architecture/**/*.test.ts"]),
      project("packaging", ["test/packaging/**/*.test.ts"], { testTimeout: 180_000 }),
      project("quickstart", ["test/quickstart/**/*.test.ts"], { testTimeout: 300_000, hookTimeout: 120_000 }),
      project("conformance", ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts"], {
        testTimeout: 90_000,
      }),
      project("e2e", ["test/e2e/**/*.test.ts"], { testTimeout: 180_000 }),
    ],
  },
});
