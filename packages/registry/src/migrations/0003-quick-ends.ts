import type { Migration } from "./migration.ts";

export const quickEnds: Migration = {
  number: 3,
  name: "quick-ends",
  statements: [`alter table instance add column quick_ends integer not null default 0`],
};
