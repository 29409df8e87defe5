export { AgentCommand } from "./agent-command.ts";
export { type CommandEntry, commandIndex } from "./command-index.ts";
export { type MainOptions, runMcp } from "./main.ts";
export { McpCommand } from "./mcp-command.ts";
export { OperationCommand, type Wanted } from "./operation-command.ts";
export type * from "./reports/node-reports.ts";
export type * from "./reports/operation-report.ts";
export type * from "./reports/service-reports.ts";
export type * from "./reports/status-report.ts";
