import type { WorkloadSpec } from "@mcp/runtime";
import { readRevision } from "../src/revision/revision.ts";
import { definition, type Rig } from "./rig.ts";

const seed = "seed-of-many";

/**
 * Services with one running component each, named `s0`, `s1` and so on, as if they had been deployed one by one. The agent
 * of the rig is given a new life afterwards, which has seen none of them.
 */
export async function bootWithServices(rig: Rig, count: number): Promise<void> {
  rig.host.addImage("localhost/many:1");
  await rig.deploy(definition(seed, `name = "web"\nimage = "localhost/many:1"`));
  const { registry } = rig.life;
  const [record] = await registry.services([seed]);
  const [revision] = await registry.revisions(seed);
  const made = record?.instances[0];
  if (!made || !revision) throw new Error("the service that all others are made from is not there");
  // Whoever fills it is not to look at it.
  rig.host.eventsAreMissed = true;
  for (let index = 0; index < count; index++) {
    const service = `s${index}`;
    const renamed = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(seed, service));
    const content = renamed(revision.content);
    const { createdAtMs, restarts, quickEnds, lastExit, ...copied } = renamed(made);
    const [pinned] = readRevision({ ...revision, service, content }).components;
    const specHash = pinned?.specHash ?? "";
    const spec = copied.spec as WorkloadSpec;
    const instance = { ...copied, specHash, spec: { ...spec, labels: { ...spec.labels, specHash } } };
    await registry.addOperation({ id: service, requestId: service, service, kind: "deploy", request: {} });
    await registry.propose({
      service,
      managed: "heal",
      origin: "",
      content,
      operationId: service,
      desired: "running",
      components: [{ name: "web", knownName: `${service}-web`, desired: "running" }],
      ports: [],
      sizes: [],
      addresses: [],
    });
    await registry.setOperation(service, { state: "succeeded" });
    await registry.addInstance({ ...instance, role: "candidate" });
    await registry.setInstance(instance.name, { startedAtMs: made.startedAtMs ?? 0 });
    await registry.accept(service, { keep: [instance.name] });
    rig.host.add(instance.spec);
  }
  rig.host.eventsAreMissed = false;
  await rig.life.kill();
  await rig.boot();
}
