import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { completeDefinition } from "./complete.ts";
import { currentConventions } from "./conventions.ts";
import { serviceTable } from "./keys/service.ts";
import type { InnerKeys, Key } from "./kinds/kind.ts";
import { parseDefinition } from "./parse.ts";
import { MistakeList, Place } from "./place.ts";
import { definitionReference, exampleDefinition } from "./reference.ts";
import { definitionSchema } from "./schema.ts";

const docs = new URL("../../../docs/", import.meta.url);
const again = "run: pnpm --filter @mcp/servicedef run docs";

function* allKeys({ keys }: InnerKeys, prefix = ""): Generator<[string, Key<unknown>]> {
  for (const key of Object.values(keys)) {
    yield [`${prefix}${key.key}`, key];
    if (key.kind.inner)
      yield* allKeys(key.kind.inner, `${prefix}${key.key}${key.kind.inner.repeated ? "[]" : ""}.`);
  }
}
const keys = [...allKeys(serviceTable.inner)];

describe("the reference of definitions", () => {
  it("is what the code makes", () => {
    expect(readFileSync(new URL("definition.md", docs), "utf8"), again).toBe(definitionReference());
    const schema: unknown = JSON.parse(readFileSync(new URL("definition.schema.json", docs), "utf8"));
    expect(schema, again).toEqual(JSON.parse(JSON.stringify(definitionSchema())));
  });

  it("has every key, and no others", () => {
    const listed = [...definitionReference().matchAll(/^### `([^`]+)`$/gm)].map(([, key]) => key);
    expect(listed.toSorted()).toEqual(keys.map(([key]) => key).toSorted());
  });

  it("says of each key that is not acted upon yet what becomes of it, and so does the schema", () => {
    const unbuilt = keys.filter(([, { notYet }]) => notYet !== undefined).map(([name]) => name);
    expect(unbuilt.filter((name) => !/^(components\[\]\.)?(build|snapshot|routes)/.test(name))).toEqual([
      "tier",
      "path",
      "components[].env_from",
    ]);
    for (const name of ["build", "snapshot", "components[].routes"]) {
      const all = keys.map(([key]) => key).filter((key) => key.startsWith(name));
      expect(unbuilt.filter((key) => key.startsWith(name))).toEqual(all);
    }
    expect(definitionReference()).toContain(
      "under the secret's name.\n\n**Not built yet:** a definition with it is refused; use `env` instead.\n",
    );
    expect(JSON.stringify(definitionSchema())).toContain(
      "under the secret's name. Not built yet: a definition with it is refused; use `env` instead.",
    );
  });

  it("begins with a definition that deploys: nothing in it waits to be built", () => {
    const written = parse(exampleDefinition) as { components: object[] };
    const used = [
      ...Object.keys(written),
      ...written.components.flatMap((component) =>
        Object.keys(component).map((key) => `components[].${key}`),
      ),
    ];
    const unbuilt = keys.filter(([, { notYet }]) => notYet !== undefined).map(([name]) => name);
    expect(used.filter((key) => unbuilt.includes(key))).toEqual([]);
  });

  it("begins with a definition that works", () => {
    const definition = parseDefinition(exampleDefinition, { file: "example" });
    const { components } = completeDefinition(definition, currentConventions(undefined));
    expect(components.map(({ name }) => name)).toEqual(["cache", "web"]);
  });

  it.each(keys)("has an example of %s that is right, and one way to say what holds without it", (_, key) => {
    const mistakes = new MistakeList();
    const written = parse(key.example);
    expect(Object.keys(written)).toEqual([key.key]);
    key.kind.read(written[key.key], new Place(mistakes));
    expect(mistakes.found).toEqual([]);
    expect([key.required, key.default, key.otherwise].filter((each) => each !== undefined)).toHaveLength(1);
    expect(key.doc).toMatch(/\.$/);
  });
});
