import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { problemOf } from "../test/mistakes.ts";
import { type Conventions, currentConventions } from "./conventions.ts";
import type { ComponentDefinition, ServiceDefinition } from "./definition.ts";
import { componentKeys } from "./keys/component.ts";
import { routeKeys } from "./keys/route.ts";
import { componentTable } from "./keys/service.ts";
import { listOf } from "./kinds/collections.ts";
import type { Keys } from "./kinds/kind.ts";
import { portNumber } from "./kinds/ports.ts";
import { boolean } from "./kinds/scalars.ts";
import { tableOf } from "./kinds/table.ts";
import { parseDefinition } from "./parse.ts";
import { canonicalSpec, specHash } from "./spec-hash.ts";

const golden = new URL("../golden/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, golden), "utf8");
const digest = `sha256:${"12".repeat(32)}`;
const conventions = currentConventions("mcr.example.net:8443");
const parse = (text: string) => parseDefinition(text, { file: "golden.toml" });

/** What the golden file of hashes holds: definition to component to hash. */
const hashes: Record<string, Record<string, string>> = JSON.parse(read("hashes.json"));
const goldenFiles = readdirSync(golden).filter((name) => name.endsWith(".toml"));

describe("golden spec hashes, which no release may change", () => {
  it("exist for every golden definition", () => {
    expect(Object.keys(hashes)).toEqual(goldenFiles);
  });

  it.each(goldenFiles)("of %s", (file) => {
    const definition = parse(read(file));
    const made = definition.components.map(({ name }) => [
      name,
      specHash(definition.name, definition, name, conventions, digest),
    ]);
    expect(Object.fromEntries(made)).toEqual(hashes[file]);
  });

  it("stay when a later version adds keys, which old definitions do not have", () => {
    type LaterRoute = NonNullable<ComponentDefinition["routes"]>[number] & { readonly weight?: number };
    type Later = Omit<ComponentDefinition, "routes"> & {
      readonly privileged?: boolean;
      readonly routes?: readonly LaterRoute[];
    };
    const added = { doc: "", example: "", runs: true } as const;
    const laterRouteKeys: Keys<LaterRoute> = {
      ...routeKeys,
      weight: { ...added, key: "weight", kind: portNumber, default: 1 },
    };
    const laterTable = tableOf<Later>({
      // First in the table, so that the place of a key can be seen not to matter.
      privileged: { ...added, key: "privileged", kind: boolean, default: false },
      ...componentKeys,
      routes: { ...componentKeys.routes, kind: listOf(tableOf(laterRouteKeys), { ordered: false }) },
    });
    for (const file of goldenFiles) {
      const definition = parse(read(file));
      for (const { name } of definition.components) {
        const canonical = canonicalSpec(laterTable, definition.name, definition, name, conventions, digest);
        const hash = createHash("sha256").update(canonical).digest("hex");
        expect(`v1:${hash}`).toBe(hashes[file]?.[name]);
      }
    }
    // And the key does count once it is written.
    const written = { name: "a", components: [{ name: "a", privileged: true } as ComponentDefinition] };
    expect(canonicalSpec(laterTable, "a", written, "a", conventions, digest)).toContain('"privileged":true');
  });
});

describe("a spec hash", () => {
  const service = (component: Partial<ComponentDefinition> = {}, more: Partial<ServiceDefinition> = {}) =>
    ({ name: "a", version: "v1", ...more, components: [{ name: "api", ...component }] }) as ServiceDefinition;
  const hashOf = (definition: ServiceDefinition, by: Conventions = conventions, pinned = digest) =>
    specHash(definition.name, definition, "api", by, pinned);
  const usual = hashOf(service());

  it("carries its version and is a SHA-256 of the canonical form", () => {
    const canonical = canonicalSpec(componentTable, "a", service(), "api", conventions, digest);
    expect(canonical).toBe(
      `{"component":"api","conventions":1,"digest":"${digest}","service":"a","spec":{"image":"mcr.example.net:8443/a:v1","network":"mcpnet","user":"0:0","volumes":["/srv/a:/srv/a:if-present"]},"v":1}`,
    );
    expect(usual).toBe(`v1:${createHash("sha256").update(canonical).digest("hex")}`);
  });

  it("changes with every key that changes what runs", () => {
    const changes: { [F in keyof ComponentDefinition]?: ComponentDefinition[F] } = {
      image: "x:1",
      runtime: "microvm",
      memoryMiB: 64,
      vcpus: 1,
      ports: [{ address: "", host: 1, guest: 1, protocol: "tcp" }],
      volumes: [],
      env: { A: "" },
      envFrom: ["secret:A"],
      cmd: [],
      entrypoint: [],
      workdir: "/",
      user: "1:1",
      network: "n",
      files: ["/x"],
      routes: [{ name: "web", port: 443, mode: "l4" }],
    };
    const runs = Object.entries(componentKeys).filter(([, key]) => key.runs);
    expect(Object.keys(changes).toSorted()).toEqual(runs.map(([field]) => field).toSorted());
    const made = Object.entries(changes).map(([field, value]) => hashOf(service({ [field]: value })));
    expect(new Set([usual, ...made]).size).toBe(runs.length + 1);
  });

  it("changes with service, component, digest, registry and version", () => {
    const other = [
      hashOf(service({}, { name: "b" })),
      specHash("a", { ...service(), components: [{ name: "web" }] }, "web", conventions, digest),
      hashOf(service(), conventions, `sha256:${"34".repeat(32)}`),
      hashOf(service(), currentConventions("other.example.net")),
      hashOf(service({}, { version: "v2" })),
    ];
    expect(new Set([usual, ...other]).size).toBe(6);
  });

  it("stays with keys that only the engine reads", () => {
    const engine: Partial<ComponentDefinition> = {
      restart: { policy: "no" },
      dependsOn: ["x"],
      graceMs: 1,
      startPeriodMs: 1,
      update: "start-first",
      health: { tcp: 1 },
    };
    const still = Object.entries(componentKeys).filter(([field, key]) => !key.runs && field !== "name");
    expect(Object.keys(engine).toSorted()).toEqual(still.map(([field]) => field).toSorted());
    expect(hashOf(service(engine))).toBe(usual);
    const whole: Partial<ServiceDefinition> = {
      node: "n",
      tier: "core",
      active: false,
      managed: "ignore",
      path: "x",
      update: "start-first",
      build: { args: { A: "1" } },
      snapshot: { method: "x" },
    };
    expect(hashOf(service({}, whole))).toBe(usual);
  });

  it("stays when what holds anyway is written out", () => {
    const same = service(
      {
        image: "mcr.example.net:8443/a:v1",
        network: "mcpnet",
        user: "0:0",
        ports: [],
        env: {},
        envFrom: [],
        routes: [],
      },
      { runtime: "container" },
    );
    expect(hashOf(same)).toBe(usual);
    expect(
      hashOf(service({ image: "mcr.example.net:8443/a:v1" }, { version: "v2" }), currentConventions()),
    ).toBe(usual);
  });

  it("tells the volume by convention, which may be left out, from the same one written", () => {
    const volume = { host: "/srv/a", guest: "/srv/a", readOnly: false, relabel: false };
    expect(hashOf(service({ volumes: [volume] }))).not.toBe(usual);
  });

  it("sees a runtime of the service as one of the component", () => {
    const own = hashOf(service({ runtime: "microvm", memoryMiB: 64 }));
    expect(hashOf(service({ memoryMiB: 64 }, { runtime: "microvm" }))).toBe(own);
    expect(hashOf(service({ runtime: "container" }, { runtime: "microvm" }))).toBe(usual);
  });

  it("stays when only an order changes that means nothing, and not when it means something", () => {
    const text = (ports: string, volumes: string, env: string, routes: string, cmd: string) =>
      hashOf(
        parse(
          `name = "a"\nversion = "v1"\n[[components]]\nname = "api"\nports = [${ports}]\nvolumes = [${volumes}]\nenv = { ${env} }\nroutes = [${routes}]\ncmd = [${cmd}]`,
        ),
      );
    const route = (name: string, port: number) => `{ name = "${name}", port = ${port}, mode = "l4" }`;
    const one = text(
      '"1:1", "2:2"',
      '"/a:/a", "/b:/b:ro,Z"',
      'A = "1", B = "2"',
      `${route("a", 1)}, ${route("b", 2)}`,
      '"x", "y"',
    );
    const other = text(
      '"2:2", "1:1/tcp"',
      '"/b/:/b:Z,ro", "/a:/a"',
      'B = "2", A = "1"',
      `${route("b", 2)}, ${route("a", 1)}`,
      '"x", "y"',
    );
    const swapped = text(
      '"1:1", "2:2"',
      '"/a:/a", "/b:/b:ro,Z"',
      'A = "1", B = "2"',
      `${route("a", 1)}, ${route("b", 2)}`,
      '"y", "x"',
    );
    expect(other).toBe(one);
    expect(swapped).not.toBe(one);
  });

  it("sees of a route only what the component sees of it", () => {
    const route = { name: "web", port: 443, mode: "l4" } as const;
    const one = hashOf(service({ routes: [route] }));
    expect(
      hashOf(service({ routes: [{ ...route, port: 444, mode: "l7", hostname: "x", public: true }] })),
    ).toBe(one);
    expect(hashOf(service({ routes: [{ ...route, containerPort: 80 }] }))).not.toBe(one);
    expect(hashOf(service({ routes: [{ ...route, name: "other" }] }))).not.toBe(one);
  });

  it("is of a component that is there", () => {
    expect(problemOf(() => specHash("a", service(), "nobody", conventions, digest)).code).toBe(
      "component_not_found",
    );
  });
});
