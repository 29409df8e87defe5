import { currentConventions, definitionToJSON, parseDefinition, specHash } from "@mcp/servicedef";
import { describe, expect, it } from "vitest";
import type { RevisionComponent } from "./content.ts";
import { macOf, toRevision, toSpec } from "./revision.ts";

const toml = `name = "hello"
[[components]]
name = "web"
image = "localhost/hello:1"
runtime = "microvm"
memory = 128
volumes = []
`;
const definition = parseDefinition(toml, { file: "hello.toml" });
const conventions = currentConventions(undefined);
const source = { toml, file: "hello.toml", definition: definitionToJSON(definition), conventions };
const image = { reference: "localhost/hello:1", digest: "sha256:1" };
const bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };

const pinned = (more: Partial<RevisionComponent> = {}) => {
  const component = { name: "web", source: 0, image, volumes: [], ...more };
  const [found] = toRevision("hello", 1, { v: 1, sources: [source], components: [component] }).components;
  if (!found) throw new Error("it has a component");
  return found;
};

describe("a component on a bridge", () => {
  const written = specHash("hello", definition, "web", conventions, image.digest);

  it("has the hash of its definition, and behind it what was pinned of the bridge", () => {
    const { specHash: hash } = pinned({ bridge });
    expect(hash).toMatch(/@[0-9a-f]{16}$/);
    expect(hash.split("@")[0]).toBe(written);
    const others = [{ name: "br1" }, { gateway: "10.99.0.2" }, { prefixLength: 25 }];
    const hashes = [{}, ...others].map((other) => pinned({ bridge: { ...bridge, ...other } }).specHash);
    expect(new Set(hashes).size).toBe(4);
  });

  it("has the hash of its definition alone where it is on none, as revisions of earlier agents are", () => {
    expect(pinned().specHash).toBe(written);
    expect(toSpec("hello", 1, pinned(), "hello-web.1")).not.toHaveProperty("attachment");
  });

  it("is attached at its address, with a MAC that is its own for ever", () => {
    expect(toSpec("hello", 1, pinned({ bridge }), "hello-web.1", "10.99.0.2").attachment).toEqual({
      bridge,
      address: "10.99.0.2",
      // A guest's neighbours know it by this: it must not change with a version of the agent.
      mac: "02:96:8e:74:14:e1",
    });
    expect(macOf("hello", "web")).not.toBe(macOf("hello", "db"));
    expect(macOf("a", "b/c")).not.toBe(macOf("x", "b/c"));
  });
});
