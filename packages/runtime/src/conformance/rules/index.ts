import type { Bench } from "../bench.ts";
import { eventRules } from "./events.ts";
import { insideRules } from "./inside.ts";
import { logRules } from "./logs.ts";
import { lookRules } from "./look.ts";
import { recoverRules } from "./recover.ts";
import { startRules } from "./start.ts";
import { stopRules } from "./stop.ts";
import { strangerRules } from "./strangers.ts";

export type Rule = (bench: Bench) => Promise<void>;

/** Every rule of the contract, by the sentence that it is known by. */
export const rules = {
  ...lookRules,
  ...startRules,
  ...insideRules,
  ...stopRules,
  ...recoverRules,
  ...logRules,
  ...eventRules,
  ...strangerRules,
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;
