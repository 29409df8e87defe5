import { writeFileSync } from "node:fs";
import { definitionReference, definitionSchema } from "../src/index.ts";

const docs = new URL("../../../docs/", import.meta.url);
writeFileSync(new URL("definition.md", docs), definitionReference());
writeFileSync(
  new URL("definition.schema.json", docs),
  `${JSON.stringify(definitionSchema(), undefined, 2)}\n`,
);
