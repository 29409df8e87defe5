import { type RouteDefinition, routeModes } from "../definition.ts";
import type { Keys } from "../kinds/kind.ts";
import { dnsLabel, hostname } from "../kinds/names.ts";
import { portNumber } from "../kinds/ports.ts";
import { boolean, oneOf } from "../kinds/scalars.ts";

/** Of all of a route. */
export const routesRefused = "a definition with routes is refused; publish a port with `ports` instead";

export const routeKeys = {
  name: {
    key: "name",
    kind: dnsLabel,
    required: true,
    // It makes the name of `$PORT_<NAME>`.
    runs: true,
    notYet: routesRefused,
    doc: "The route. A component with one route is told where to listen in `$PORT`; one with several in `$PORT_<NAME>`.",
    example: 'name = "web"',
  },
  port: {
    key: "port",
    kind: portNumber,
    required: true,
    runs: false,
    notYet: routesRefused,
    doc: "The proxy's port.",
    example: "port = 443",
  },
  mode: {
    key: "mode",
    kind: oneOf(routeModes),
    required: true,
    runs: false,
    notYet: routesRefused,
    doc: "`l4` passes TLS through by its server name, `l7` ends TLS at the proxy.",
    example: 'mode = "l7"',
  },
  containerPort: {
    key: "container_port",
    kind: portNumber,
    otherwise: "picked by the agent and told to the component as its `$PORT`",
    runs: true,
    notYet: routesRefused,
    doc: "Where the component listens, for one that picks its own port.",
    example: "container_port = 8080",
  },
  hostname: {
    key: "hostname",
    kind: hostname,
    otherwise: "`<service>.svc.mcp.<domain>`",
    runs: false,
    notYet: routesRefused,
    doc: "The name that the proxy answers to.",
    example: 'hostname = "hello.example.net"',
  },
  public: {
    key: "public",
    kind: boolean,
    default: false,
    runs: false,
    notYet: routesRefused,
    doc: "Whether the route is reachable from outside, through an edge node.",
    example: "public = true",
  },
} as const satisfies Keys<RouteDefinition>;
