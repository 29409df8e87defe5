import { nearest } from "@mcp/base";
import type { Place } from "../place.ts";
import { isTable } from "./collections.ts";
import type { InnerKeys, Key, Keys, Kind, Schema, Written, WrittenTable } from "./kind.ts";
import { nameOfType } from "./scalars.ts";

interface TableOptions {
  /** The keys of the table around, since a key below the wrong `[header]` is a common mistake. */
  readonly outer?: { readonly keys: readonly string[]; readonly where: string };
  /** More than the keys alone say. */
  readonly schema?: Schema;
}

export interface TableKind<T> extends Kind<T> {
  readonly inner: InnerKeys;
  write(value: T): WrittenTable;
  canonical(value: T): WrittenTable;
}

/** A table with the given keys and no others. */
export function tableOf<T extends object>(keys: Keys<T>, options: TableOptions = {}): TableKind<T> {
  // From here on the fields are data: their types were checked where the table was written.
  const fields = Object.entries(keys) as [string, Key<unknown>][];
  const byName = new Map(fields.map(([, key]) => [key.key, key]));
  const fieldOf = (value: T, field: string): unknown => (value as Record<string, unknown>)[field];

  return {
    says: "table",
    schema: schemaOf(
      fields.map(([, key]) => key),
      options.schema,
    ),
    inner: { keys: Object.fromEntries(fields), repeated: false },

    read(written, at) {
      if (!isTable(written)) return at.wrong(`must be a table, not ${nameOfType(written)}`);
      const meant = new Set<string | undefined>();
      for (const [name, value] of Object.entries(written))
        if (!byName.has(name)) meant.add(unknownKey(name, value, at));
      const read: [string, unknown][] = [];
      for (const [field, { key, kind, required, example }] of fields) {
        if (!Object.hasOwn(written, key)) {
          if (required && !meant.has(key)) at.key(key).wrong(`is missing; write it like: ${example}`);
          continue;
        }
        const value = kind.read(written[key], at.key(key));
        if (value !== undefined) read.push([field, value]);
      }
      return Object.fromEntries(read) as T;
    },

    write: (value) =>
      Object.fromEntries(
        fields
          .filter(([field]) => fieldOf(value, field) !== undefined)
          .map(([field, { key, kind }]) => [key, kind.write(fieldOf(value, field))]),
      ),

    canonical: (value) =>
      Object.fromEntries(
        fields
          .filter(([field, { runs }]) => runs && fieldOf(value, field) !== undefined)
          .filter(([field, key]) => !isDefault(key, fieldOf(value, field)))
          .map(([field, { key, kind }]) => [key, canonicalOf(kind, fieldOf(value, field))]),
      ),
  };

  /** The key that seems to be meant, if there is one. */
  function unknownKey(name: string, value: unknown, at: Place): string | undefined {
    // Looked up only for mistakes that will be read: a megabyte of unknown keys must stay cheap.
    const meant = at.mistakes.isFull ? undefined : nearest(name, byName.keys());
    const elsewhere = options.outer?.keys.includes(name) ? options.outer.where : innerPlace(name, at);
    if (meant !== undefined) at.key(name).wrong(misspelt(name, meant, value, at));
    else if (elsewhere !== undefined) at.key(name).wrong(`does not belong here: ${elsewhere}`);
    else at.key(name).wrong(`unknown key; known here: ${[...byName.keys()].join(", ")}`);
    return meant;
  }

  function misspelt(name: string, meant: string, value: unknown, at: Place): string {
    const isHeader = byName.get(meant)?.kind.inner?.repeated && Array.isArray(value) && value.every(isTable);
    if (!isHeader || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) return `unknown key; did you mean "${meant}"?`;
    const around = at.path.filter((step) => typeof step === "string");
    return `[[${[...around, name].join(".")}]] should be [[${[...around, meant].join(".")}]]`;
  }

  /** Where a key would stand that is known one table further in. */
  function innerPlace(name: string, at: Place): string | undefined {
    for (const { key, kind } of byName.values()) {
      if (!kind.inner || !Object.values(kind.inner.keys).some((inner) => inner.key === name)) continue;
      const header = [...at.path.filter((step) => typeof step === "string"), key].join(".");
      return `write it below ${kind.inner.repeated ? `[[${header}]]` : `[${header}]`}`;
    }
    return undefined;
  }
}

const canonicalOf = <T>(kind: Kind<T>, value: T): Written => kind.canonical?.(value) ?? kind.write(value);

/** Writing out what holds anyway changes nothing that runs. */
function isDefault<T>({ kind, default: usual }: Key<T>, value: T): boolean {
  return (
    usual !== undefined &&
    JSON.stringify(canonicalOf(kind, value)) === JSON.stringify(canonicalOf(kind, usual))
  );
}

/** What a key is for, and whether that is so yet. */
export const documented = ({ doc, notYet }: Key<unknown>): string =>
  notYet === undefined ? doc : `${doc} Not built yet: ${notYet}.`;

function schemaOf(keys: readonly Key<unknown>[], more: Schema = {}): Schema {
  const properties = keys.map((key) => [
    key.key,
    {
      ...key.kind.schema,
      description: documented(key),
      ...(key.default !== undefined && { default: key.kind.write(key.default) }),
    },
  ]);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: keys.filter((key) => key.required).map((key) => key.key),
    additionalProperties: false,
    ...more,
  };
}
