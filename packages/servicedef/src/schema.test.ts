import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { definitions } from "../test/arbitrary.ts";
import { serviceTable } from "./keys/service.ts";
import type { InnerKeys, Key } from "./kinds/kind.ts";
import { MistakeList, Place } from "./place.ts";
import { printDefinition } from "./print.ts";
import { definitionSchema } from "./schema.ts";

const ajv = new Ajv2020({ strict: true, strictRequired: false });
const validate = ajv.compile(definitionSchema());

describe("the JSON Schema of definitions", () => {
  it("accepts every definition that the parser accepts", () => {
    fc.assert(
      fc.property(definitions, (definition) => {
        const written = JSON.parse(JSON.stringify(parse(printDefinition(definition))));
        expect(validate(written), ajv.errorsText(validate.errors)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses what no definition can be", () => {
    const component = { name: "a" };
    for (const wrong of [
      {},
      { name: "a" },
      { name: "A", components: [component] },
      { name: "a", components: [] },
      { name: "a", components: [component], naem: 1 },
      { name: "a", version: "latest", components: [component] },
      { name: "a", components: [{ ...component, image: "x" }] },
      { name: "a", components: [{ ...component, ports: ["80"] }] },
      { name: "a", components: [{ ...component, memory: "64" }] },
      { name: "a", components: [{ ...component, env: { "A=B": "x" } }] },
      { name: "a", components: [{ ...component, health: { http: "/", tcp: 1 } }] },
    ])
      expect(validate(wrong), JSON.stringify(wrong)).toBe(false);
    expect(validate({ name: "a", components: [component] })).toBe(true);
  });

  const keys = [...allKeys(serviceTable.inner)].filter(([, key]) => !key.kind.inner);
  it.each(keys)("accepts all that is read as %s, also where it is not in its shortest form", (_, key) => {
    const accepts = ajv.compile({ ...key.kind.schema });
    const example: unknown = JSON.parse(JSON.stringify(parse(key.example)[key.key]));
    let accepted = 0;
    fc.assert(
      fc.property(changed(example), (written) => {
        const mistakes = new MistakeList();
        key.kind.read(written, new Place(mistakes));
        if (mistakes.found.length > 0) return;
        accepted++;
        expect(accepts(written), JSON.stringify(written)).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

function* allKeys({ keys }: InnerKeys, prefix = ""): Generator<[string, Key<unknown>]> {
  for (const key of Object.values(keys)) {
    yield [`${prefix}${key.key}`, key];
    if (key.kind.inner) yield* allKeys(key.kind.inner, `${prefix}${key.key}.`);
  }
}

/** A value like this one: the same, with some characters of its strings replaced, doubled or left out, or another. */
function changed(example: unknown): fc.Arbitrary<unknown> {
  if (typeof example === "string") return fc.oneof(fc.constant(example), changedText(example));
  if (typeof example === "number") return fc.oneof(fc.constant(example), fc.integer(), fc.double());
  if (typeof example === "boolean") return fc.boolean();
  if (Array.isArray(example))
    return fc.oneof(fc.array(fc.oneof(...example.map(changed)), { maxLength: 3 }), fc.constant([]));
  const entries = Object.entries(example as object);
  return fc
    .tuple(...entries.map(([name, value]) => fc.tuple(changedText(name), changed(value))))
    .map((pairs) => Object.fromEntries(pairs));
}

function changedText(text: string): fc.Arbitrary<string> {
  const pieces = fc.constantFrom(
    "",
    "/",
    ":",
    "0",
    "a",
    "A",
    ".",
    "-",
    "_",
    ",",
    "@",
    "[",
    "]",
    "1",
    " ",
    "\n",
    "é",
    "tcp",
    "ro",
    "ms",
  );
  const change = fc.tuple(fc.nat({ max: text.length }), fc.nat({ max: 2 }), pieces);
  return fc
    .array(change, { maxLength: 3 })
    .map((changes) =>
      changes.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), text),
    );
}
