import type { HealthDefinition } from "../definition.ts";
import { listOf } from "../kinds/collections.ts";
import type { Keys } from "../kinds/kind.ts";
import { anyText } from "../kinds/names.ts";
import { portNumber } from "../kinds/ports.ts";
import { boolean, integer } from "../kinds/scalars.ts";
import { durationFrom, grpcService, requestPath } from "../kinds/settings.ts";

/** The four ways to ask; a health check has exactly one of them. */
export const probeFields = ["http", "tcp", "grpc", "exec"] as const;

const oneWay = "another of the four ways is there, exactly one";

export const healthKeys = {
  http: {
    key: "http",
    kind: requestPath,
    otherwise: oneWay,
    runs: false,
    doc: "Healthy when a GET of this path answers 200 to 399. A redirect counts as it is; it is not followed.",
    example: 'http = "/healthz"',
  },
  tcp: {
    key: "tcp",
    kind: portNumber,
    otherwise: oneWay,
    runs: false,
    doc: "Healthy when this port accepts a connection and keeps it open for 250 ms, or sends something. It says less than `http`: a forwarder in between may accept for a program that hangs.",
    example: "tcp = 5432",
  },
  grpc: {
    key: "grpc",
    kind: grpcService,
    otherwise: oneWay,
    runs: false,
    doc: "Healthy when the standard gRPC health service says that this service is serving.",
    example: 'grpc = "hello.v1.HelloService"',
  },
  exec: {
    key: "exec",
    kind: listOf(anyText, { says: "argv", ordered: true, nonEmpty: "is empty; name the program to run" }),
    otherwise: oneWay,
    runs: false,
    doc: "Healthy when this program, run inside the container, exits 0. There is no shell, and not in a VM either.",
    example: 'exec = ["pg_isready", "-q"]',
  },
  port: {
    key: "port",
    kind: portNumber,
    otherwise: "the only TCP port that the component names in `ports` and `routes`",
    runs: false,
    doc: "Which port of the component `http` and `grpc` ask: its own number for it, not the one it is published as. It must be published, unless the component has an address that the node reaches, as containers of rootful podman have.",
    example: "port = 8080",
  },
  intervalMs: {
    key: "interval",
    kind: durationFrom(100),
    default: 10_000,
    runs: false,
    doc: "Pause between two checks. While it starts it is asked sooner, so that a deploy does not wait.",
    example: 'interval = "10s"',
  },
  timeoutMs: {
    key: "timeout",
    kind: durationFrom(10),
    default: 3_000,
    runs: false,
    doc: "How long an answer may take.",
    example: 'timeout = "3s"',
  },
  retries: {
    key: "retries",
    kind: integer({ says: "count", min: 1, max: 1_000 }),
    default: 3,
    runs: false,
    doc: "How many checks in a row must fail until the component is unhealthy. While it has never passed, one counts per interval.",
    example: "retries = 3",
  },
  startPeriodMs: {
    key: "start_period",
    kind: durationFrom(0),
    otherwise: "the component's `start_period`",
    runs: false,
    doc: "How long after a start failures do not count yet, unless it has passed once.",
    example: 'start_period = "30s"',
  },
  restart: {
    key: "restart",
    kind: boolean,
    default: false,
    runs: false,
    doc: "Whether an unhealthy component is restarted, as if it had ended by itself: after a pause that grows, and not where `restart` is `no`.",
    example: "restart = true",
  },
} as const satisfies Keys<HealthDefinition>;
