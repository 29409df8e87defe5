import { runtimeNames, updateOrders } from "../definition.ts";
import { oneOf } from "../kinds/scalars.ts";

/** Keys that stand at a component, or at the service for every component that does not say otherwise. */
export const eitherKeys = {
  runtime: {
    key: "runtime",
    kind: oneOf(runtimeNames),
    default: "container",
    runs: true,
    doc: "What a component runs as: a container, a Nanos unikernel, or a Linux microVM made from its image. Per service, or per component.",
    example: 'runtime = "microvm"',
  },
  update: {
    key: "update",
    kind: oneOf(updateOrders),
    default: "stop-first",
    runs: false,
    doc: "Whether the old instance stops before the new one starts, or only once the new one has stayed up for its `start_period`. Per service, or per component.",
    example: 'update = "start-first"',
  },
} as const;
