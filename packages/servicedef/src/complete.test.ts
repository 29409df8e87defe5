import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { definitions } from "../test/arbitrary.ts";
import { problemOf } from "../test/mistakes.ts";
import { completeDefinition } from "./complete.ts";
import { currentConventions } from "./conventions.ts";
import { parseDefinition } from "./parse.ts";

const conventions = currentConventions("mcr.example.net:8443");
const complete = (...lines: string[]) =>
  completeDefinition(parseDefinition(lines.join("\n"), { file: "hello.toml" }), conventions);

describe("completeDefinition", () => {
  it("fills defaults and conventions", () => {
    expect(complete('name = "hello"\nversion = "v1"\n[[components]]\nname = "hello"')).toStrictEqual({
      name: "hello",
      tier: "worker",
      active: true,
      managed: "heal",
      components: [
        {
          name: "hello",
          knownName: "hello",
          runtime: "container",
          image: "mcr.example.net:8443/hello:v1",
          ports: [],
          volumes: [
            { host: "/srv/hello", guest: "/srv/hello", readOnly: false, relabel: false, byConvention: true },
          ],
          env: {},
          envFrom: [],
          user: "0:0",
          network: "mcpnet",
          restart: { policy: "unless-stopped" },
          dependsOn: [],
          graceMs: 10_000,
          startPeriodMs: 5_000,
          update: "stop-first",
          routes: [],
        },
      ],
    });
  });

  it("keeps what was written", () => {
    const service = complete(
      'name = "hello"\nnode = "rift"\nactive = false\nmanaged = "ignore"\n[[components]]\nname = "api"',
      'image = "x:1"\nmemory = 64\nvcpus = 0.5\nports = ["80:80"]\nvolumes = ["/a:/b:ro"]\nenv = { A = "1" }',
      'env_from = ["secret:B"]\ncmd = []\nentrypoint = ["/x"]\nworkdir = "/w"\nuser = "1:1"\nnetwork = "n"',
      'restart = "on-failure:2"\ngrace = "0s"\nstart_period = "1s"\nupdate = "start-first"',
      'routes = [{ name = "web", port = 443, mode = "l4", hostname = "h", public = true }]',
    );
    expect(service).toStrictEqual({
      name: "hello",
      node: "rift",
      tier: "worker",
      active: false,
      managed: "ignore",
      components: [
        {
          name: "api",
          knownName: "hello-api",
          runtime: "container",
          image: "x:1",
          memoryMiB: 64,
          vcpus: 0.5,
          ports: [{ address: "", host: 80, guest: 80, protocol: "tcp" }],
          volumes: [{ host: "/a", guest: "/b", readOnly: true, relabel: false, byConvention: false }],
          env: { A: "1" },
          envFrom: ["secret:B"],
          cmd: [],
          entrypoint: ["/x"],
          workdir: "/w",
          user: "1:1",
          network: "n",
          restart: { policy: "on-failure", maxRetries: 2 },
          dependsOn: [],
          graceMs: 0,
          startPeriodMs: 1_000,
          update: "start-first",
          routes: [{ name: "web", port: 443, mode: "l4", hostname: "h", public: true }],
        },
      ],
    });
  });

  it("takes no volume by convention where an empty list is written", () => {
    expect(
      complete('name = "a"\nversion = "1"\n[[components]]\nname = "a"\nvolumes = []').components[0]?.volumes,
    ).toEqual([]);
  });

  it("derives images: the service's name for api or an only component, else with the component's", () => {
    const images = (...names: string[]) =>
      complete(
        'name = "s"\nversion = "v1"',
        ...names.map((name) => `[[components]]\nname = "${name}"`),
      ).components.map(({ image }) => image);
    expect(images("api", "web", "s")).toEqual([
      "mcr.example.net:8443/s:v1",
      "mcr.example.net:8443/s-web:v1",
      "mcr.example.net:8443/s-s:v1",
    ]);
    expect(images("web")).toEqual(["mcr.example.net:8443/s:v1"]);
  });

  it("says of each component whose image cannot be derived what is missing", () => {
    const text =
      'name = "s"\n[[components]]\nname = "a"\n[[components]]\nname = "b"\nimage = "x:1"\n[[components]]\nname = "c"';
    const definition = parseDefinition(text, { file: "s.toml" });
    const problem = problemOf(() => completeDefinition(definition, currentConventions()));
    expect(problem.code).toBe("definition_invalid");
    expect(problem.message).toBe("the definition of s has 2 mistakes");
    const message =
      "is missing, and cannot be derived: the service has no version, and no image registry is configured";
    expect(problem.mistakes).toEqual([
      { key: "components[0].image", message },
      { key: "components[2].image", message },
    ]);
    expect(problemOf(() => completeDefinition(definition, conventions)).mistakes[0]?.message).toBe(
      "is missing, and cannot be derived: the service has no version",
    );
  });

  it("gives a VM one CPU, and runtime and update of the service to components without their own", () => {
    const { components } = complete(
      'name = "s"\nversion = "1"\nruntime = "microvm"\nupdate = "start-first"',
      '[[components]]\nname = "a"\nmemory = 64',
      '[[components]]\nname = "b"\nruntime = "container"\nupdate = "stop-first"',
      '[[components]]\nname = "c"\nruntime = "unikernel"\nmemory = 32\nvcpus = 4\nfiles = ["/c"]',
    );
    expect(components.map(({ runtime, vcpus, update }) => [runtime, vcpus, update])).toEqual([
      ["microvm", 1, "start-first"],
      ["container", undefined, "stop-first"],
      ["unikernel", 4, "start-first"],
    ]);
    expect(components[2]?.files).toEqual(["/c"]);
  });

  it("orders components by what they depend on", () => {
    const { components } = complete(
      'name = "s"\nversion = "1"',
      '[[components]]\nname = "web"\ndepends_on = ["api"]',
      '[[components]]\nname = "log"',
      '[[components]]\nname = "api"\ndepends_on = ["db"]',
      '[[components]]\nname = "db"',
    );
    expect(components.map(({ name }) => name)).toEqual(["db", "api", "web", "log"]);
  });

  it("completes health checks, with the port that can only be meant", () => {
    const health = (...lines: string[]) =>
      complete('name = "s"\nversion = "1"\n[[components]]\nname = "a"\nstart_period = "7s"', ...lines)
        .components[0]?.health;
    const rest = { intervalMs: 10_000, timeoutMs: 3_000, retries: 3, startPeriodMs: 7_000, restart: false };
    expect(health("health = { tcp = 5432 }")).toStrictEqual({ probe: { kind: "tcp", port: 5432 }, ...rest });
    expect(health('health = { exec = ["a"] }')).toStrictEqual({
      probe: { kind: "exec", argv: ["a"] },
      ...rest,
    });
    expect(health('ports = ["80:8080"]\nhealth = { http = "/" }')?.probe).toEqual({
      kind: "http",
      path: "/",
      port: 8080,
    });
    expect(health('health = { grpc = "", port = 9000 }')?.probe).toEqual({
      kind: "grpc",
      service: "",
      port: 9000,
    });
    const route = 'routes = [{ name = "web", port = 443, mode = "l4" }]';
    expect(health(`${route}\nhealth = { http = "/" }`)?.probe).toEqual({
      kind: "http",
      path: "/",
      port: { route: "web" },
    });
    const all = 'interval = "1s", timeout = "2s", retries = 5, start_period = "3s", restart = true';
    expect(health(`health = { tcp = 1, ${all} }`)).toStrictEqual({
      probe: { kind: "tcp", port: 1 },
      intervalMs: 1_000,
      timeoutMs: 2_000,
      retries: 5,
      startPeriodMs: 3_000,
      restart: true,
    });
  });

  it("completes every valid definition that has a version or images, and loses no component", () => {
    fc.assert(
      fc.property(definitions, (definition) => {
        const { components } = completeDefinition({ ...definition, version: "v1" }, conventions);
        expect(components.map(({ name }) => name).toSorted()).toEqual(
          definition.components.map(({ name }) => name).toSorted(),
        );
      }),
    );
  });
});
