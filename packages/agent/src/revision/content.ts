import { Problem } from "@mcp/base";
import type { Bridge, ImagePin, VolumeMount } from "@mcp/runtime";
import type { Conventions } from "@mcp/servicedef";

/**
 * What the registry keeps of a revision, as versioned JSON: the definition as it was written, with all that was found
 * out when it was accepted (what a tag meant, which folders were there), so that nothing has to be asked again.
 */
export interface RevisionContent {
  readonly v: 1;
  /** The definitions that the components come from, the newest last; several after a deploy of one component. */
  readonly sources: readonly DefinitionSource[];
  readonly components: readonly RevisionComponent[];
}

export interface DefinitionSource {
  readonly toml: string;
  readonly file: string;
  /** `definitionToJSON` of `@mcp/servicedef`. */
  readonly definition: unknown;
  readonly conventions: Conventions;
}

export interface RevisionComponent {
  readonly name: string;
  /** Index into `sources`. */
  readonly source: number;
  readonly image: ImagePin;
  /** With links resolved, and without the convention's folder where that does not exist. */
  readonly volumes: readonly VolumeMount[];
  /** The bridge that a virtual machine is on, as it was then. Absent: the networking that its backend brings. */
  readonly bridge?: Bridge;
}

export function readContent(stored: unknown): RevisionContent {
  const content = stored as RevisionContent;
  if (content.v !== 1)
    throw new Problem(
      "database_newer",
      `a revision is stored in form ${String(content.v)}, which this agent does not read`,
      "run the agent that stored it, or a later one",
    );
  return content;
}

/** Whether two revisions ask for the same in every detail, however their files are laid out. */
export function isSameContent(a: RevisionContent, b: RevisionContent): boolean {
  return canonical(a) === canonical(b);
}

function canonical({ sources, components }: RevisionContent): string {
  return JSON.stringify(
    [...components]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, source, image, volumes, bridge }) => {
        const { definition, conventions } = sources[source] ?? {};
        return [name, definition, conventions, image.reference, image.digest, volumes, bridge];
      }),
    // Keys in order, so that the order in which somebody wrote them is no difference.
    (_, value: unknown) =>
      value && typeof value === "object" && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)))
        : value,
  );
}
