import type { Place } from "../place.ts";

/** A value as TOML and JSON can hold it. */
export type Written = string | number | boolean | readonly Written[] | WrittenTable;
export interface WrittenTable {
  readonly [key: string]: Written;
}

/** A JSON Schema, draft 2020-12. */
export type Schema = Readonly<Record<string, unknown>>;

/** The type of a key: how it is read and written, and what the reference and the JSON Schema say of it. */
export interface Kind<T> {
  /** For the reference page, in Markdown. */
  readonly says: string;
  /** Of the written form; never refuses what `read` accepts. */
  readonly schema: Schema;
  /** The keys inside, for a table or a list of tables. */
  readonly inner?: InnerKeys;

  /**
   * The typed value of what was written. What is wrong is noted at `at`; then the result is undefined, or for lists
   * and tables a draft, with holes where the mistakes are, so that the rules can still judge the rest.
   */
  read(written: unknown, at: Place): T | undefined;

  /** The shortest form that `read` turns into the same value. */
  write(value: T): Written;

  /** What of a value changes what runs, equal for values that run the same. Absent: all of it, as written. */
  canonical?(value: T): Written;
}

/** One key of a table: everything that parser, printer, reference, schema and spec hash know of it. */
export interface Key<T> {
  /** As it is spelled in TOML. */
  readonly key: string;
  readonly kind: Kind<T>;
  /** What it is for: one or two sentences of Markdown. */
  readonly doc: string;
  /** What this version does not do with it yet, for a key that is read before all of it is built: `kept, not run`. */
  readonly notYet?: string;
  /** A line of TOML. */
  readonly example: string;
  /** Whether a change of it changes what runs, and so the spec hash. Never flip it: every old hash would change. */
  readonly runs: boolean;
  /** Exactly one of the three says what holds when the key is left out. */
  readonly required?: true;
  /** A value that is the same for ever. What may change one day belongs to the conventions, in `otherwise`. */
  readonly default?: T;
  /** In words, where it depends on something else. */
  readonly otherwise?: string;
}

/** The keys of a table by the fields of its type: a field without a key does not compile. */
export type Keys<T> = { readonly [F in keyof T]-?: Key<Exclude<T[F], undefined>> };

export interface InnerKeys {
  readonly keys: Readonly<Record<string, Key<unknown>>>;
  /** Whether the table is repeated: `[[components]]`. */
  readonly repeated: boolean;
}
