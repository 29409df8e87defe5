import type { Command } from "@oclif/core/command";

export const groups = {
  change: "Change what runs",
  look: "Look",
  service: "Services and their revisions",
  node: "Nodes",
  plugins: "Plugins",
} as const;

export interface CommandEntry {
  readonly group: keyof typeof groups;
  /** A module for each, so that a command loads only what it uses. */
  readonly load: () => Promise<{ readonly default: Command.Class }>;
}

/** Every command there is, in the order of the help; `service:show` is typed `mcp service show`. */
export const commandIndex: Readonly<Record<string, CommandEntry>> = {
  deploy: { group: "change", load: () => import("./commands/deploy.ts") },
  plan: { group: "change", load: () => import("./commands/plan.ts") },
  rollback: { group: "change", load: () => import("./commands/rollback.ts") },
  stop: { group: "change", load: () => import("./commands/stop.ts") },
  start: { group: "change", load: () => import("./commands/start.ts") },
  restart: { group: "change", load: () => import("./commands/restart.ts") },
  undeploy: { group: "change", load: () => import("./commands/undeploy.ts") },
  status: { group: "look", load: () => import("./commands/status.ts") },
  ps: { group: "look", load: () => import("./commands/ps.ts") },
  list: { group: "look", load: () => import("./commands/list.ts") },
  logs: { group: "look", load: () => import("./commands/logs.ts") },
  events: { group: "look", load: () => import("./commands/events.ts") },
  doctor: { group: "look", load: () => import("./commands/doctor.ts") },
  "service:show": { group: "service", load: () => import("./commands/service/show.ts") },
  "service:history": { group: "service", load: () => import("./commands/service/history.ts") },
  "node:list": { group: "node", load: () => import("./commands/node/list.ts") },
  "node:status": { group: "node", load: () => import("./commands/node/status.ts") },
  "plugins:list": { group: "plugins", load: () => import("./commands/plugins/list.ts") },
  "plugins:link": { group: "plugins", load: () => import("./commands/plugins/link.ts") },
  "plugins:unlink": { group: "plugins", load: () => import("./commands/plugins/unlink.ts") },
};
