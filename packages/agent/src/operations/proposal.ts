import { Problem } from "@mcp/base";
import type { Bridge, ImagePin, VolumeMount } from "@mcp/runtime";
import {
  type CompleteComponent,
  completeDefinition,
  currentConventions,
  definitionToJSON,
  parseDefinition,
} from "@mcp/servicedef";
import type { KnownRuntime } from "../engine/known-runtime.ts";
import type { Runtimes } from "../engine/runtimes.ts";
import type { RevisionComponent, RevisionContent } from "../revision/content.ts";
import { resolveVolumes } from "../revision/volumes.ts";
import { checkAbilities } from "./abilities.ts";
import { findBridge, isVm, type NetworkDeps } from "./network.ts";
import type { DefinitionText } from "./request.ts";

export interface ProposalDeps extends NetworkDeps {
  readonly node: string;
  readonly runtimes: Runtimes;
  readonly allowedVolumes: readonly string[];
  readonly resolve: (reference: string) => Promise<ImagePin>;
}

/** A definition that was read and found good for this node; nothing has been asked of a registry yet. */
export interface CheckedDefinition {
  readonly service: string;
  readonly managed: "heal" | "report" | "ignore";
  readonly isActive: boolean;
  readonly components: readonly CheckedComponent[];
  readonly source: RevisionContent["sources"][number];
  readonly notes: readonly string[];
}

export interface CheckedComponent extends CompleteComponent {
  readonly mounts: readonly VolumeMount[];
  readonly bridge: Bridge | undefined;
}

/**
 * Read a definition and see whether this node can run it. No effects, so that bad input is told at once.
 *
 * @param onlyComponent  the one that is asked for; absent for all.
 * @throws Problem of `@mcp/servicedef`, `component_not_found`, `wrong_node`, `runtime_unsupported`,
 *   `runtime_unavailable` or `store_changed` where its kind does not work here at present, `not_yet_supported`, `health_unreachable`, `volume_*`,
 *   `port_on_bridge`, and as `GuestNetwork.find`.
 */
export async function checkDefinition(
  text: DefinitionText,
  onlyComponent: string | undefined,
  deps: ProposalDeps,
): Promise<CheckedDefinition> {
  const definition = parseDefinition(text.toml, { file: text.file });
  const conventions = currentConventions(text.imageRegistry === "" ? undefined : text.imageRegistry);
  const complete = completeDefinition(definition, conventions);
  if (complete.node !== undefined && complete.node !== deps.node)
    throw new Problem(
      "wrong_node",
      `${complete.name} is meant for node ${complete.node}, and this is ${deps.node}`,
      `deploy it there: mcp deploy --node ${complete.node} ${complete.name}`,
    );
  if (onlyComponent !== undefined && !complete.components.some(({ name }) => name === onlyComponent))
    throw componentNotFound(complete.name, onlyComponent, text.file);
  // One that is not asked for stays as it is.
  const isAsked = ({ name }: CompleteComponent): boolean =>
    onlyComponent === undefined || name === onlyComponent;
  const bridge = await findBridge(complete.components.filter(isAsked), deps);
  const notes: string[] = complete.active ? [] : [restNote(complete.name, onlyComponent)];
  const components: CheckedComponent[] = [];
  // Each is asked once, however many components it has.
  const trusted = new Set<KnownRuntime>();
  for (const component of complete.components) {
    refuseWhatIsNotBuilt(component);
    const known = deps.runtimes.require(component.runtime);
    const resolved = await resolveVolumes(component, deps.allowedVolumes);
    notes.push(...resolved.notes);
    if (isAsked(component)) {
      if (!trusted.has(known)) await deps.runtimes.mustBeTrusted(known, deps.signal);
      trusted.add(known);
      if (known.probe?.ok)
        notes.push(...checkAbilities(component, resolved.volumes, definition, text, known.probe, bridge));
    }
    components.push({
      ...component,
      mounts: resolved.volumes,
      bridge: isVm(component.runtime) ? bridge : undefined,
    });
  }
  return {
    service: complete.name,
    managed: complete.managed,
    isActive: complete.active,
    components,
    source: { toml: text.toml, file: text.file, definition: definitionToJSON(definition), conventions },
    notes,
  };
}

/** Ask, once, what each tag means now, and pin it. */
export async function pinImages(
  checked: CheckedDefinition,
  deps: ProposalDeps,
): Promise<{ content: RevisionContent; notes: string[] }> {
  const references = [...new Set(checked.components.map(({ image }) => image))];
  const pins = new Map(
    await Promise.all(
      references.map(async (reference) => [reference, await deps.resolve(reference)] as const),
    ),
  );
  const components = checked.components.map(({ name, image, mounts, bridge }): RevisionComponent => {
    const { reference, digest } = pins.get(image) as ImagePin;
    return { name, source: 0, image: { reference, digest }, volumes: mounts, ...(bridge && { bridge }) };
  });
  return {
    content: { v: 1, sources: [checked.source], components },
    notes: [...pins.values()].flatMap(({ note }) => note ?? []),
  };
}

/**
 * `base` with one component from `next`: what a deploy of `service/component` asks for. Each component keeps the
 * definition it came from, so that a change elsewhere in the file does not reach the others.
 */
export function withComponent(
  base: RevisionContent,
  next: RevisionContent,
  component: string,
): RevisionContent {
  const replaced = next.components.find(({ name }) => name === component);
  if (!replaced) return base;
  const kept = base.components.filter(({ name }) => name !== component);
  const used = [...new Set(kept.map(({ source }) => source))].sort((a, b) => a - b);
  const sources = [...used.flatMap((index) => base.sources[index] ?? []), ...next.sources];
  return {
    v: 1,
    sources,
    components: [
      ...kept.map((entry) => ({ ...entry, source: used.indexOf(entry.source) })),
      { ...replaced, source: sources.length - 1 },
    ],
  };
}

/** @param where  what lacks it: the service, or the file that should define it. */
export const componentNotFound = (service: string, component: string, where = service): Problem =>
  new Problem(
    "component_not_found",
    `there is no component ${component} in ${where}`,
    `see its components with: mcp status ${service}`,
  );

function restNote(service: string, component: string | undefined): string {
  const asked = component === undefined ? service : `${service}/${component}`;
  return `${asked} has active = false: it is stopped, and neither pulled nor started until mcp start ${asked}`;
}

function refuseWhatIsNotBuilt(component: CompleteComponent): void {
  const unbuilt =
    component.envFrom.length > 0 ? "env_from" : component.routes.length > 0 ? "routes" : undefined;
  if (unbuilt)
    throw new Problem(
      "not_yet_supported",
      `component ${component.name} has ${unbuilt}, which this version cannot serve yet`,
      unbuilt === "routes" ? "publish a port with ports = [...] instead" : "use env = {...} instead",
    );
}
