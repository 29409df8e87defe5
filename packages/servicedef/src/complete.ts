import type { Mistake } from "@mcp/base";
import { type Conventions, conventionValues } from "./conventions.ts";
import type {
  ComponentDefinition,
  HealthDefinition,
  Managed,
  Port,
  RestartPolicy,
  RouteDefinition,
  RouteMode,
  RuntimeName,
  ServiceDefinition,
  Tier,
  UpdateOrder,
  Volume,
} from "./definition.ts";
import { componentKeys } from "./keys/component.ts";
import { healthKeys } from "./keys/health.ts";
import { routeKeys } from "./keys/route.ts";
import { serviceKeys } from "./keys/service.ts";
import { knownName } from "./kinds/names.ts";
import { dependencyOrder } from "./order.ts";
import { invalid } from "./problems.ts";
import { type HealthPort, healthPorts } from "./rules/health.ts";

/** A definition with nothing left to fill. */
export interface CompleteService {
  readonly name: string;
  readonly node?: string;
  readonly tier: Tier;
  readonly active: boolean;
  readonly managed: Managed;
  /** In the order of the file, except that what a component depends on comes before it. */
  readonly components: readonly CompleteComponent[];
}

export interface CompleteComponent {
  readonly name: string;
  /** Its hostname and network alias: `<service>-<component>`, or `<service>` when both are equal. */
  readonly knownName: string;
  readonly runtime: RuntimeName;
  readonly image: string;
  /** Absent: no limit. Always there for a VM, as is `vcpus`. */
  readonly memoryMiB?: number;
  readonly vcpus?: number;
  readonly ports: readonly Port[];
  readonly volumes: readonly CompleteVolume[];
  readonly env: Readonly<Record<string, string>>;
  /** Each is `secret:NAME`. */
  readonly envFrom: readonly string[];
  /** Absent: the image's own, as are `entrypoint` and `workdir`. */
  readonly cmd?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly workdir?: string;
  readonly user: string;
  readonly network: string;
  readonly restart: RestartPolicy;
  readonly dependsOn: readonly string[];
  readonly graceMs: number;
  readonly startPeriodMs: number;
  readonly update: UpdateOrder;
  readonly health?: CompleteHealth;
  readonly routes: readonly CompleteRoute[];
  /** Absent: all of the image. */
  readonly files?: readonly string[];
}

export interface CompleteVolume extends Volume {
  /** Nobody asked for it: to be left out where the host's folder does not exist. */
  readonly byConvention: boolean;
}

export interface CompleteHealth {
  readonly probe: HealthProbe;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
  readonly restart: boolean;
}

export type HealthProbe =
  | { readonly kind: "http"; readonly path: string; readonly port: HealthPort }
  | { readonly kind: "tcp"; readonly port: number }
  | { readonly kind: "grpc"; readonly service: string; readonly port: HealthPort }
  | { readonly kind: "exec"; readonly argv: readonly string[] };

export interface CompleteRoute {
  readonly name: string;
  readonly port: number;
  readonly mode: RouteMode;
  readonly containerPort?: number;
  readonly hostname?: string;
  readonly public: boolean;
}

/**
 * A definition with defaults and conventions filled in.
 *
 * @throws Problem `definition_invalid` for each component whose image is neither written nor can be derived.
 */
export function completeDefinition(definition: ServiceDefinition, conventions: Conventions): CompleteService {
  const byName = new Map(withImages(definition, conventions).map((each) => [each.component.name, each]));
  const { order } = dependencyOrder(
    new Map(definition.components.map((each) => [each.name, each.dependsOn ?? []])),
  );
  return {
    name: definition.name,
    ...(definition.node !== undefined && { node: definition.node }),
    tier: definition.tier ?? serviceKeys.tier.default,
    active: definition.active ?? serviceKeys.active.default,
    managed: definition.managed ?? serviceKeys.managed.default,
    components: order
      .flatMap((name) => byName.get(name) ?? [])
      .map(({ component, image }) => completeComponent(definition, component, image, conventions)),
  };
}

interface WithImage {
  readonly component: ComponentDefinition;
  readonly image: string;
}

function withImages(definition: ServiceDefinition, conventions: Conventions): WithImage[] {
  const found: WithImage[] = [];
  const mistakes: Mistake[] = [];
  const missing = [
    ...(definition.version === undefined ? ["the service has no version"] : []),
    ...(conventions.imageRegistry === undefined ? ["no image registry is configured"] : []),
  ].join(", and ");
  for (const [index, component] of definition.components.entries()) {
    const image = component.image ?? conventionValues(definition, component, conventions).image;
    const key = `components[${index}].${componentKeys.image.key}`;
    if (image === undefined) mistakes.push({ key, message: `is missing, and cannot be derived: ${missing}` });
    else found.push({ component, image });
  }
  if (mistakes.length === 0) return found;
  throw invalid({
    what: `the definition of ${definition.name}`,
    mistakes,
    hint: "write image in each component; or version in the service, with registry below [images] in the configuration of mcp",
  });
}

function completeComponent(
  definition: ServiceDefinition,
  component: ComponentDefinition,
  image: string,
  conventions: Conventions,
): CompleteComponent {
  const usual = conventionValues(definition, component, conventions);
  const runtime = component.runtime ?? definition.runtime ?? componentKeys.runtime.default;
  const vcpus = component.vcpus ?? (runtime === "container" ? undefined : 1);
  const startPeriodMs = component.startPeriodMs ?? componentKeys.startPeriodMs.default;
  const health = component.health && completeHealth(component.health, component, startPeriodMs);
  return {
    name: component.name,
    knownName: knownName(definition.name, component.name),
    runtime,
    image,
    ...(component.memoryMiB !== undefined && { memoryMiB: component.memoryMiB }),
    ...(vcpus !== undefined && { vcpus }),
    ports: component.ports ?? componentKeys.ports.default,
    volumes: component.volumes?.map((volume) => ({ ...volume, byConvention: false })) ?? [
      { ...usual.volume, byConvention: true },
    ],
    env: component.env ?? componentKeys.env.default,
    envFrom: component.envFrom ?? componentKeys.envFrom.default,
    ...(component.cmd !== undefined && { cmd: component.cmd }),
    ...(component.entrypoint !== undefined && { entrypoint: component.entrypoint }),
    ...(component.workdir !== undefined && { workdir: component.workdir }),
    user: component.user ?? usual.user,
    network: component.network ?? usual.network,
    restart: component.restart ?? componentKeys.restart.default,
    dependsOn: component.dependsOn ?? componentKeys.dependsOn.default,
    graceMs: component.graceMs ?? componentKeys.graceMs.default,
    startPeriodMs,
    update: component.update ?? definition.update ?? componentKeys.update.default,
    ...(health !== undefined && { health }),
    routes: (component.routes ?? componentKeys.routes.default).map(completeRoute),
    ...(component.files !== undefined && { files: component.files }),
  };
}

function completeHealth(
  health: HealthDefinition,
  component: ComponentDefinition,
  startPeriodMs: number,
): CompleteHealth {
  return {
    probe: probeOf(health, component),
    intervalMs: health.intervalMs ?? healthKeys.intervalMs.default,
    timeoutMs: health.timeoutMs ?? healthKeys.timeoutMs.default,
    retries: health.retries ?? healthKeys.retries.default,
    startPeriodMs: health.startPeriodMs ?? startPeriodMs,
    restart: health.restart ?? healthKeys.restart.default,
  };
}

function probeOf(health: HealthDefinition, component: ComponentDefinition): HealthProbe {
  if (health.exec !== undefined) return { kind: "exec", argv: health.exec };
  if (health.tcp !== undefined) return { kind: "tcp", port: health.tcp };
  const port = health.port ?? healthPorts(component)[0];
  if (health.http !== undefined && port !== undefined) return { kind: "http", path: health.http, port };
  if (health.grpc !== undefined && port !== undefined) return { kind: "grpc", service: health.grpc, port };
  throw new TypeError(`the health check of ${component.name} passed no parser`);
}

function completeRoute(route: RouteDefinition): CompleteRoute {
  return { ...route, public: route.public ?? routeKeys.public.default };
}
