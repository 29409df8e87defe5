import { createHash } from "node:crypto";
import type { Subnet } from "@mcp/base";
import { networkMark } from "@mcp/planner";
import type { RevisionRecord } from "@mcp/registry";
import type { Bridge, ImagePin, VolumeMount, WorkloadSpec } from "@mcp/runtime";
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
  readonly bridge?: Bridge;
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
  const components = content.components.map(({ name, source, image, volumes, bridge }) => {
    const from = sources[source];
    const component = from?.complete.components.find((candidate) => candidate.name === name);
    if (!from || !component) throw new Error(`revision ${number} of ${service} lacks component ${name}`);
    const written = specHash(service, from.definition, name, from.conventions, image.digest);
    const hash = `${written}${mountDifference(component.volumes, volumes)}${networkPart(bridge)}`;
    return { ...component, image, volumes, ...(bridge && { bridge }), specHash: hash };
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

/** What was found of the bridge is in no definition; nothing where it is on none, so that older hashes stay what they are. */
function networkPart(bridge: Bridge | undefined): string {
  if (!bridge) return "";
  const text = [bridge.name, bridge.gateway, bridge.prefixLength].join("\n");
  return `${networkMark}${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}

/** In which the bridge's guests have their addresses. */
export const subnetOf = ({ gateway, prefixLength }: Bridge): Subnet => ({ address: gateway, prefixLength });

/** Locally administered, and the same for each instance of a component. */
export function macOf(service: string, component: string): string {
  const hash = createHash("sha256").update(`${service}/${component}`).digest();
  return Buffer.from([0x02, ...hash.subarray(0, 5)])
    .toString("hex")
    .replaceAll(/(..)(?=.)/g, "$1:");
}

/**
 * What a runtime is given to start `instance` of this component.
 * @param address  of a component that is on a bridge.
 */
export function toSpec(
  service: string,
  revision: number,
  component: PinnedComponent,
  instance: string,
  address?: string,
): WorkloadSpec {
  const { bridge } = component;
  if (bridge && address === undefined)
    throw new Error(`${service}/${component.name} has no address on ${bridge.name}`);
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
    ...(bridge &&
      address !== undefined && {
        attachment: { bridge, address, mac: macOf(service, component.name) },
      }),
  };
}
