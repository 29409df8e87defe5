import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { definitions } from "../test/arbitrary.ts";
import type { ServiceDefinition } from "./definition.ts";
import { parseDefinition } from "./parse.ts";
import { printDefinition } from "./print.ts";

const parse = (text: string) => parseDefinition(text, { file: "printed.toml" });

describe("printDefinition", () => {
  it("prints what an operator would write", () => {
    const text = `name = "hello"
version = "v1"
runtime = "microvm"

[build.images]
hello = "Dockerfile"

[[components]]
name = "api"
memory = 128
vcpus = 2
ports = ["8080:80", "[::1]:53:53/udp"]
volumes = ["/srv/hello:/data:ro,Z"]
cmd = [
  "an argument that is long enough to make the line too long",
  "and another one that is about as long as that",
]
restart = "on-failure:3"
grace = "1m30s"

[components.env]
A = "x\\ny"

[components.health]
http = "/healthz"
port = 80

[[components.routes]]
name = "web"
port = 443
mode = "l7"

[[components]]
name = "db"
memory = 64
volumes = []

[components.env]
`;
    expect(printDefinition(parse(text))).toBe(text);
  });

  it("escapes what TOML or a text file cannot hold as it is", () => {
    const env = { A: '\u007f \ufffd \u0001 \\ " \u2028 🙂' };
    const definition: ServiceDefinition = { name: "a", components: [{ name: "a", env }] };
    const printed = printDefinition(definition);
    expect(printed).toContain("\\u007f \\ufffd \\u0001");
    expect(parse(printed)).toStrictEqual(definition);
  });

  it("is read as the same definition again, whatever was written", () => {
    fc.assert(
      fc.property(definitions, (definition) => {
        expect(parse(printDefinition(definition))).toStrictEqual(definition);
      }),
      { numRuns: 500 },
    );
  });
});
