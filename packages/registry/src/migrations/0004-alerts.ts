import type { Migration } from "./migration.ts";

export const alerts: Migration = {
  number: 4,
  name: "alerts",
  statements: [
    `create table alert (
      key text primary key,
      content text not null
    ) strict`,

    // One row for each channel that still has to tell a message.
    `create table alert_delivery (
      id integer primary key autoincrement,
      channel text not null,
      message text not null
    ) strict`,
  ],
};
