import type { Queries, Reads } from "./database.ts";
import { fromJsonText, toJsonText } from "./json-text.ts";
import type { AlertDelivery, AlertRecord } from "./records.ts";

/** What changes when alerts were decided: all of it or nothing. */
export interface AlertChange {
  /** New ones, or new content for what is there. */
  readonly set: readonly AlertRecord[];
  /** Keys. */
  readonly remove: readonly string[];
  /** Messages that now have to be told. */
  readonly deliveries: readonly Omit<AlertDelivery, "id">[];
}

/** See `Registry.alerts`. */
export async function loadAlerts(queries: Reads): Promise<AlertRecord[]> {
  const rows = await queries.selectFrom("alert").selectAll().orderBy("key").execute();
  return rows.map(({ key, content }) => ({ key, content: fromJsonText(content) }));
}

/** See `Registry.changeAlerts`. */
export async function changeAlerts(queries: Queries, change: AlertChange): Promise<AlertDelivery[]> {
  for (const { key, content } of change.set) {
    const text = toJsonText(content);
    await queries
      .insertInto("alert")
      .values({ key, content: text })
      .onConflict((conflict) => conflict.column("key").doUpdateSet({ content: text }))
      .execute();
  }
  for (const key of change.remove) await queries.deleteFrom("alert").where("key", "=", key).execute();
  const recorded: AlertDelivery[] = [];
  for (const { channel, message } of change.deliveries) {
    const { id } = await queries
      .insertInto("alert_delivery")
      .values({ channel, message: toJsonText(message) })
      .returning("id")
      .executeTakeFirstOrThrow();
    recorded.push({ id, channel, message });
  }
  return recorded;
}

/** See `Registry.alertDeliveries`. */
export async function loadAlertDeliveries(queries: Reads): Promise<AlertDelivery[]> {
  const rows = await queries.selectFrom("alert_delivery").selectAll().orderBy("id").execute();
  return rows.map(({ id, channel, message }) => ({ id, channel, message: fromJsonText(message) }));
}

/** See `Registry.endAlertDelivery`. */
export async function endAlertDelivery(queries: Queries, id: number): Promise<void> {
  await queries.deleteFrom("alert_delivery").where("id", "=", id).execute();
}
