import type { Place } from "../place.ts";
import type { Kind, Schema, Written } from "./kind.ts";
import { nameOfType } from "./scalars.ts";

interface ListOptions {
  readonly says?: string;
  /** Whether the order of the elements changes what runs. */
  readonly ordered: boolean;
  /** At least one element. */
  readonly nonEmpty?: string;
  /** At most so many elements. */
  readonly most?: number;
}

export function listOf<T>(
  element: Kind<T>,
  { says, ordered, nonEmpty, most }: ListOptions,
): Kind<readonly T[]> {
  const canonical = element.canonical?.bind(element) ?? element.write.bind(element);
  return {
    says: says ?? `list of ${element.says}`,
    schema: {
      type: "array",
      items: element.schema,
      ...(nonEmpty !== undefined && { minItems: 1 }),
      ...(most !== undefined && { maxItems: most }),
    },
    ...(element.inner && { inner: { ...element.inner, repeated: true } }),
    read(written, at) {
      if (!Array.isArray(written)) return at.wrong(`must be a list, not ${nameOfType(written)}`);
      if (nonEmpty !== undefined && written.length === 0) return at.wrong(nonEmpty);
      if (most !== undefined && written.length > most)
        return at.wrong(`has ${written.length} elements; there may be ${most} at most`);
      // With holes after a mistake, so that an element keeps its index; see `Kind.read`.
      return written.map((each, index) => element.read(each, at.index(index))) as T[];
    },
    write: (values) => values.map((value) => element.write(value)),
    canonical(values) {
      const all = values.map(canonical);
      return ordered ? all : sorted(all);
    },
  };
}

function sorted(values: readonly Written[]): Written[] {
  return values
    .map((value) => ({ value, text: JSON.stringify(value) }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ value }) => value);
}

interface MapOptions {
  readonly says: string;
  /** What is wrong with a name, if anything. */
  readonly checkName: (name: string) => string | undefined;
  readonly nameSchema: Schema;
  /** How a wrong name is shown, where it may hold a secret. */
  readonly shownName?: (name: string) => string;
}

/** A table whose keys the operator chooses. */
export function mapOf<T>(value: Kind<T>, options: MapOptions): Kind<Readonly<Record<string, T>>> {
  const { says, checkName, nameSchema, shownName = (name: string) => name } = options;
  const mapped = (values: Readonly<Record<string, T>>, write: (value: T) => Written) =>
    Object.fromEntries(Object.entries(values).map(([name, each]) => [name, write(each)]));
  return {
    says,
    schema: { type: "object", propertyNames: nameSchema, additionalProperties: value.schema },
    read(written, at) {
      if (!isTable(written)) return at.wrong(`must be a table, not ${nameOfType(written)}`);
      const entries = Object.entries(written).map(([name, each]) => {
        const place: Place = at.key(name, shownName(name));
        const mistake = checkName(name);
        if (mistake !== undefined) place.wrong(mistake);
        return [name, value.read(each, place)] as const;
      });
      // `fromEntries` and not assignment: a key `__proto__` must stay an ordinary key.
      return Object.fromEntries(entries.filter(([, each]) => each !== undefined)) as Record<string, T>;
    },
    write: (values) => mapped(values, (each) => value.write(each)),
  };
}

export function isTable(written: unknown): written is Readonly<Record<string, unknown>> {
  return (
    typeof written === "object" && written !== null && !Array.isArray(written) && !(written instanceof Date)
  );
}
