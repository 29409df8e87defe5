import { describe, expect, it } from "vitest";
import { tcp } from "../test/example.ts";
import type { ComponentDefinition, Definition } from "../test/model/definition.ts";
import { checkEnd } from "../test/model/end-laws.ts";
import { noAccidents } from "../test/model/engine.ts";
import { perform, type Request } from "../test/model/history.ts";
import { World } from "../test/model/world.ts";

const define = (
  name: string,
  version: string,
  more: Partial<ComponentDefinition> = {},
): ComponentDefinition => ({
  name,
  specHash: `${name}-${version}`,
  kind: "container",
  image: { reference: `registry.example/${name}:${version}`, digest: `sha256:${name}-${version}` },
  ports: [],
  dependsOn: [],
  update: "stop-first",
  restart: { policy: "unless-stopped" },
  startPeriodMs: 5_000,
  graceMs: 10_000,
  ...more,
});

const deploy = (...definition: Definition): Request => ({ do: "deploy", definition, isActive: true });

const ports = [tcp(80)];
const web = define("web", "v1", { ports });
const api = define("api", "v1", { dependsOn: ["web"] });
const before = deploy(web, api);
/** The model lets every workload of a version 3 exit as soon as it has started. */
const broken = define("api", "v3");

const scenarios: Record<string, readonly [...Request[], Request]> = {
  "a first deploy": [before],
  "a first deploy that fails": [deploy(web, broken)],
  "an unchanged deploy": [before, before],
  "an update stop-first": [before, deploy(define("web", "v2", { ports }), define("api", "v2"))],
  "an update start-first": [before, deploy(web, define("api", "v2", { update: "start-first" }))],
  "an update that fails": [before, deploy(define("web", "v2", { ports }), broken)],
  "an update start-first that fails": [before, deploy(web, { ...broken, update: "start-first" })],
  "a component that is removed": [before, deploy(web)],
  "a component that is added": [deploy(web), before],
  "a host port that moves": [before, deploy(define("web", "v2"), define("api", "v2", { ports }))],
  "a deploy of what is stopped": [before, { do: "deploy", definition: [web, api], isActive: false }],
  "a stop": [before, { do: "stop" }],
  "a start": [before, { do: "stop" }, { do: "start" }],
  "a restart": [before, { do: "restart" }],
  "an undeploy": [before, { do: "undeploy" }],
};

/** Runs the last request, killed at the given point of it if there is one, and again until it is over. */
function run(requests: readonly Request[], killAt: number): { world: World; wasKilled: boolean } {
  const world = new World();
  for (const request of requests.slice(0, -1)) perform(world, request, noAccidents);
  let points = 0;
  const kill = (): boolean => points++ === killAt;
  perform(world, requests.at(-1) as Request, { ...noAccidents, kill });
  return { world, wasKilled: points > killAt };
}

/** All but the names of the instances, and when they were started. */
const endOf = ({ service, workloads, aim }: World) => ({
  desired: service?.desired,
  candidate: service?.candidate,
  running: aim?.definition.map(({ specHash }) => specHash),
  instances: [...(service?.instances.values() ?? [])]
    .map(({ name, component, role, specHash }) => [component, role, specHash, workloads.get(name)?.state])
    .sort(),
});

describe("an agent that is killed at any point ends where it would have ended:", () => {
  it.each(Object.entries(scenarios))("%s", (_name, requests) => {
    const expected = run(requests, Number.POSITIVE_INFINITY).world;
    checkEnd(expected, "operation");
    let points = 0;
    for (; ; points++) {
      const { world, wasKilled } = run(requests, points);
      if (!wasKilled) break;
      expect(endOf(world), world.story.join("\n")).toEqual(endOf(expected));
      checkEnd(world, "operation");
    }
    expect(points).toBeGreaterThan(2);
  });
});
