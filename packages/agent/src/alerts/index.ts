export { Alerter, type AlertOptions } from "./alerter.ts";
export { type Alert, type AlertChannel, type AlertJSON, alertJSON } from "./channel.ts";
export { commandChannel } from "./command.ts";
export type { ChannelStatus } from "./deliveries.ts";
export { type EmailOptions, emailChannel } from "./email.ts";
export { type WebhookOptions, webhookChannel } from "./webhook.ts";
