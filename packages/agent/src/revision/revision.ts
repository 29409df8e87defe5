import { createHash } from "node:crypto";
import type { RevisionRecord } from "@mcp/registry";
import type { ImagePin, VolumeMount, WorkloadSpec } from "@mcp/runtime";
import {
  type CompleteComponent,
  type CompleteService,
  completeDefinition,
  definitionFromJSON,
  specHash,
} from "@mcp/servicedef";
import { type RevisionContent, readContent } from "./content.ts";

/** A revision, read and completed: what the engine works with. */
export interface Revision {
  readonly service: string;
  readonly number: number;
  /** When it was proposed; 0 for one that is only looked at. */
  readonly createdAtMs: number;
  readonly content: RevisionContent;
  /** The service's own keys, from the newest definition. */
  readonly complete: CompleteService;
  readonly components: readonly PinnedComponent[];
}

export interface PinnedComponent extends Omit<CompleteComponent, "image" | "volumes"> {
  readonly image: ImagePin;
  readonly volumes: readonly VolumeMount[];
  readonly specHash: string;
}

export function readRevision({ service, number, createdAtMs, content }: RevisionRecord): Revision {
  return toRevision(service, number, readContent(content), createdAtMs);
}

export function toRevision(
  service: string,
  number: number,
  content: RevisionContent,
  createdAtMs = 0,
): Revision {
  const sources = content.sources.map((source) => {
    const definition = definitionFromJSON(source.definition);
    return {
      definition,
      conventions: source.conventions,
      complete: completeDefinition(definition, source.conventions),
    };
  });
  const newest = sources.at(-1);
  if (!newest) throw new Error(`revision ${number} of ${service} has no definition`);
  const components = content.components.map(({ name, source, image, volumes }) => {
    const from = sources[source];
    const component = from?.complete.components.find((candidate) => candidate.name === name);
    if (!from || !component) throw new Error(`revision ${number} of ${service} lacks component ${name}`);
    const written = specHash(service, from.definition, name, from.conventions, image.digest);
    const hash = `${written}${mountDifference(component.volumes, volumes)}`;
    return { ...component, image, volumes, specHash: hash };
  });
  return { service, number, createdAtMs, content, complete: newest.complete, components };
}

/**
 * Mounts that are not what the definition says, since a link led elsewhere or the convention's folder was not there, are
 * settings too: when that changes, the next deploy must make a new instance.
 */
function mountDifference(written: CompleteComponent["volumes"], resolved: readonly VolumeMount[]): string {
  const asWritten = written.map(({ host }) => host).join("\n");
  const asResolved = resolved.map(({ host }) => host).join("\n");
  if (asWritten === asResolved) return "";
  return `+${createHash("sha256").update(asResolved).digest("hex").slice(0, 16)}`;
}

/** What a runtime is given to start `instance` of this component. */
export function toSpec(
  service: string,
  revision: number,
  component: PinnedComponent,
  instance: string,
): WorkloadSpec {
  const { runtime, knownName, image, env, ports, volumes, network, user } = component;
  const { entrypoint, cmd, workdir, memoryMiB, vcpus, files } = component;
  return {
    name: instance,
    kind: runtime,
    labels: { service, component: component.name, instance, revision, specHash: component.specHash },
    image,
    hostname: knownName,
    env,
    ports,
    volumes,
    network,
    user,
    ...(entrypoint && { entrypoint }),
    ...(cmd && { cmd }),
    ...(workdir !== undefined && { workdir }),
    ...(memoryMiB !== undefined && { memoryMiB }),
    ...(vcpus !== undefined && { vcpus }),
    ...(files && { files }),
  };
}
