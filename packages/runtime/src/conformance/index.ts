export { type Excuses, type Harness, runtimeConformance } from "./harness.ts";
export { type ImageHarness, type ImageRig, imageConformance } from "./images.ts";
export type { Rig, Script } from "./rig.ts";
export { type RuleName, rules } from "./rules/index.ts";
export { shellCommand } from "./shell-command.ts";
export { suiteSpec } from "./suite-spec.ts";
