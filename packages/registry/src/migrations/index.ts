import { initial } from "./0001-initial.ts";
import { sizeClaims } from "./0002-size-claims.ts";
import { quickEnds } from "./0003-quick-ends.ts";
import { alerts } from "./0004-alerts.ts";
import { eventsByComponent } from "./0005-events-by-component.ts";
import { addressClaims } from "./0006-address-claims.ts";
import type { Migration } from "./migration.ts";

export const migrations: readonly Migration[] = [
  initial,
  sizeClaims,
  quickEnds,
  alerts,
  eventsByComponent,
  addressClaims,
];
