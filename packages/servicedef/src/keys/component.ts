import type { ComponentDefinition } from "../definition.ts";
import { listOf } from "../kinds/collections.ts";
import { imageReference } from "../kinds/image.ts";
import type { Keys } from "../kinds/kind.ts";
import { anyText, dnsLabel, networkName, userName } from "../kinds/names.ts";
import { absolutePath, volumeMount } from "../kinds/paths.ts";
import { portMapping } from "../kinds/ports.ts";
import { decimal, integer } from "../kinds/scalars.ts";
import { durationFrom, environment, restartPolicy, secretReference } from "../kinds/settings.ts";
import { tableOf } from "../kinds/table.ts";
import { eitherKeys } from "./either.ts";
import { healthKeys, probeFields } from "./health.ts";
import { routeKeys, routesRefused } from "./route.ts";

const argv = listOf(anyText, { says: "list of strings", ordered: true });

export const componentKeys = {
  name: {
    key: "name",
    kind: dnsLabel,
    required: true,
    // In the spec hash by itself.
    runs: false,
    doc: "The component. It is known on its node and network as `<service>-<component>`, or `<service>` when both are equal.",
    example: 'name = "api"',
  },
  image: {
    key: "image",
    kind: imageReference,
    otherwise:
      "`<registry>/<service>:<version>` for `api` or an only component, else `<registry>/<service>-<component>:<version>`",
    runs: true,
    doc: "The OCI image, with a tag other than `latest`, or a digest.",
    example: 'image = "mcr.example.net:8443/hello:v1.2.0"',
  },
  runtime: eitherKeys.runtime,
  memoryMiB: {
    key: "memory",
    kind: integer({ says: "MiB", min: 4, max: 16_777_216, hint: "memory is in MiB, such as memory = 256" }),
    otherwise: "no limit; required for `unikernel` and `microvm`",
    runs: true,
    doc: "A container's limit, or a VM's size, in MiB; at least 4, and for a VM what its guest boots with. What all VMs of a node that should run have may not be more than its memory.",
    example: "memory = 256",
  },
  vcpus: {
    key: "vcpus",
    kind: decimal({ says: "number", min: 0.01, max: 1_024 }),
    otherwise: "no limit; 1 for a VM",
    runs: true,
    doc: "A container's limit, in parts of a core if need be, or a VM's number of CPUs.",
    example: "vcpus = 2",
  },
  ports: {
    key: "ports",
    kind: listOf(portMapping, { ordered: false }),
    default: [],
    runs: true,
    doc: "Ports of the host that lead to ports of the component. Without an address: on every address of the host. A VM on a bridge has none: it has an address of its own (see [network.md](network.md)).",
    example: 'ports = ["8080:80", "127.0.0.1:9090:9090", "[::1]:53:53/udp"]',
  },
  volumes: {
    key: "volumes",
    kind: listOf(volumeMount, { ordered: false }),
    otherwise: "`/srv/<service>:/srv/<service>`, if that folder exists",
    runs: true,
    doc: "Folders of the host seen in the component: `ro` read-only, `Z` relabelled for SELinux. Write `[]` for none at all.",
    example: 'volumes = ["/srv/hello/data:/data", "/srv/hello/tls:/tls:ro,Z"]',
  },
  env: {
    key: "env",
    kind: environment,
    default: {},
    runs: true,
    doc: "Variables of the environment, each at most 128 KiB long with its name; with `entrypoint` and `cmd`, 1 MiB in all.",
    example: 'env = { LOG_LEVEL = "info", WORKERS = "4" }',
  },
  envFrom: {
    key: "env_from",
    kind: listOf(secretReference, { ordered: false }),
    default: [],
    runs: true,
    notYet: "a definition with it is refused; use `env` instead",
    doc: "Variables whose values are secrets of the node, each under the secret's name.",
    example: 'env_from = ["secret:DB_PASSWORD"]',
  },
  cmd: {
    key: "cmd",
    kind: argv,
    otherwise: "the image's",
    runs: true,
    doc: "Arguments for the entrypoint. There is no shell.",
    example: 'cmd = ["serve", "--verbose"]',
  },
  entrypoint: {
    key: "entrypoint",
    kind: argv,
    otherwise: "the image's",
    runs: true,
    doc: "The program and its first arguments.",
    example: 'entrypoint = ["/bin/hello"]',
  },
  workdir: {
    key: "workdir",
    kind: absolutePath,
    otherwise: "the image's",
    runs: true,
    doc: "The folder to start in.",
    example: 'workdir = "/app"',
  },
  user: {
    key: "user",
    kind: userName,
    otherwise: "`0:0`",
    runs: true,
    doc: "Who the component runs as: numbers, or names that the image knows.",
    example: 'user = "1000:1000"',
  },
  network: {
    key: "network",
    kind: networkName,
    otherwise: "`mcpnet`",
    runs: true,
    doc: "The network to be on; it is made if it is missing. A VM joins none: it is on the node's bridge for VMs, or has a network of its own from which its `ports` are forwarded.",
    example: 'network = "backend"',
  },
  restart: {
    key: "restart",
    kind: restartPolicy,
    default: { policy: "unless-stopped" },
    runs: false,
    doc: "When the agent starts the component again after it has exited: at once the first time, then, as long as it exits within a minute of each start, after 1 s, 2 s, 4 s … and 5 minutes at most. From the third such exit in a row on it is `crash-looping`, and `mcp status` says when it is tried again; `mcp start` tries at once and counts anew.",
    example: 'restart = "on-failure:5"',
  },
  dependsOn: {
    key: "depends_on",
    kind: listOf(dnsLabel, { says: "list of components", ordered: false }),
    default: [],
    runs: false,
    doc: "Components that start before this one, and stop after it. One with a health check must be healthy first; else it is the order alone.",
    example: 'depends_on = ["db"]',
  },
  graceMs: {
    key: "grace",
    kind: durationFrom(0),
    default: 10_000,
    runs: false,
    doc: "How long a stop waits before it kills.",
    example: 'grace = "30s"',
  },
  startPeriodMs: {
    key: "start_period",
    kind: durationFrom(0),
    default: 5_000,
    runs: false,
    doc: "An exit within this time after the start fails a deploy.",
    example: 'start_period = "10s"',
  },
  update: eitherKeys.update,
  health: {
    key: "health",
    kind: tableOf(healthKeys, {
      schema: { oneOf: probeFields.map((probe) => ({ required: [healthKeys[probe].key] })) },
    }),
    otherwise: "healthy while it runs",
    runs: false,
    doc: "How to find out that the component works. A deploy waits until it is healthy, and fails if that does not come about; what depends on it starts only then.",
    example: 'health = { http = "/healthz", port = 8080 }',
  },
  routes: {
    key: "routes",
    kind: listOf(tableOf(routeKeys), { says: "list of tables", ordered: false }),
    default: [],
    runs: true,
    notYet: routesRefused,
    doc: "Ways in through the node's proxy. They may stand beside `ports`.",
    example: 'routes = [{ name = "web", port = 443, mode = "l7", container_port = 8080 }]',
  },
  files: {
    key: "files",
    kind: listOf(absolutePath, {
      says: "list of absolute paths",
      ordered: false,
      nonEmpty: "is empty; leave the key out to take the whole image along",
    }),
    otherwise: "all of the image",
    runs: true,
    doc: "Which part of the image a unikernel takes along.",
    example: 'files = ["/app", "/etc/ssl/certs"]',
  },
} as const satisfies Keys<ComponentDefinition>;
