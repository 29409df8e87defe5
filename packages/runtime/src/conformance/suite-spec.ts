import type { ImagePin } from "../images.ts";
import type { RuntimeKind } from "../runtime.ts";
import type { WorkloadSpec } from "../spec.ts";

/** A complete spec as rigs give it to the rules: with no ports or volumes, and labels that are its name's. */
export const suiteSpec = (name: string, kind: RuntimeKind, image: ImagePin): WorkloadSpec => ({
  name,
  kind,
  labels: { service: "suite", component: name, instance: name, revision: 1, specHash: `hash-${name}` },
  image,
  hostname: name,
  env: {},
  ports: [],
  volumes: [],
  network: "mcpnet",
});
