import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exposeMetrics } from "../src/index.ts";
import { catalog, type MetricName } from "../src/metrics/catalog.ts";
import { type Family, parseExposition } from "./parse-exposition.ts";
import { definition, last, newRequestId, openRig, type Rig, refusalOf, until } from "./rig.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await openRig({ intervalMs: 20 });
  for (const image of ["web", "db"]) rig.host.addImage(`localhost/${image}:1`);
});
afterEach(() => rig[Symbol.asyncDispose]());

const scrape = async (): Promise<ReadonlyMap<string, Family>> =>
  parseExposition((await exposeMetrics(rig.life.agent)).text);
const valuesOf = async (name: MetricName): Promise<Record<string, number>> =>
  Object.fromEntries((await scrape()).get(name)?.samples ?? []);
const hello = definition(
  "hello",
  'name = "web"\nimage = "localhost/web:1"',
  'name = "db"\nimage = "localhost/db:1"',
);
const undeploy = () => last(rig.client.undeploy({ requestId: newRequestId(), service: "hello" }));

describe("metrics", () => {
  it("are all those of the catalog, in the text format of Prometheus, from the first moment on", async () => {
    const { contentType, text } = await exposeMetrics(rig.life.agent);
    expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    const families = parseExposition(text);
    expect([...families].map(([name, { type, help }]) => [name, type, help])).toEqual(
      Object.entries(catalog).map(([name, { type, help }]) => [name, type, help]),
    );
    expect(families.get("mcp_build_info")?.samples).toEqual(
      new Map([['mcp_build_info{version="0.0.0-test",node="rift"}', 1]]),
    );
  });

  it("tell components by what is wanted and what was seen last, and forget those that are undeployed", async () => {
    await rig.deploy(hello);
    await until(
      "both are seen",
      async () => Object.keys(await valuesOf("mcp_component_as_wanted")).length === 2,
    );
    expect(await valuesOf("mcp_components")).toEqual({
      'mcp_components{desired="running",observed="running"}': 2,
    });
    expect(await valuesOf("mcp_component_as_wanted")).toEqual({
      'mcp_component_as_wanted{service="hello",component="web"}': 1,
      'mcp_component_as_wanted{service="hello",component="db"}': 1,
    });
    await undeploy();
    await until("it is forgotten", async () => Object.keys(await valuesOf("mcp_components")).length === 0);
    expect(await valuesOf("mcp_component_as_wanted")).toEqual({});
  });

  it("count restarts of a component as long as it is there", async () => {
    await rig.deploy(hello);
    const web = rig.host.running.find((name) => name.startsWith("hello-web"));
    rig.host.exit(web ?? "", 1);
    const series = 'mcp_component_restarts_total{service="hello",component="web"}';
    await until(
      "it was restarted",
      async () => (await valuesOf("mcp_component_restarts_total"))[series] === 1,
    );
    const db = rig.host.running.find((name) => name.startsWith("hello-db"));
    rig.host.exit(db ?? "", 1);
    const left = 'mcp_component_restarts_total{service="hello",component="db"}';
    await until("both were", async () => (await valuesOf("mcp_component_restarts_total"))[left] === 1);
    await rig.deploy(definition("hello", 'name = "db"\nimage = "localhost/db:1"'));
    await until(
      "one is forgotten",
      async () => !(series in (await valuesOf("mcp_component_restarts_total"))),
    );
    expect(await valuesOf("mcp_component_restarts_total")).toEqual({ [left]: 1 });
    await undeploy();
    await until(
      "the other is too",
      async () => Object.keys(await valuesOf("mcp_component_restarts_total")).length === 0,
    );
  });

  it("time operations by kind and outcome, looks, passes and the calls of runtimes", async () => {
    await rig.deploy(hello);
    const families = await scrape();
    const count = (name: string, labels: string) =>
      families.get(name)?.samples.get(`${name}_count{${labels}}`);
    expect(count("mcp_operation_duration_seconds", 'kind="deploy",outcome="succeeded"')).toBe(1);
    expect(count("mcp_look_duration_seconds", 'cause="operation"')).toBeGreaterThan(0);
    expect(count("mcp_runtime_call_duration_seconds", 'runtime="fake",call="start",outcome="ok"')).toBe(2);
    expect(families.get("mcp_runtime_up")?.samples).toEqual(new Map([['mcp_runtime_up{runtime="fake"}', 1]]));
  });

  it("count events by kind, and RPCs by method and code, streams with those that are open", async () => {
    await rig.deploy(hello);
    await refusalOf(rig.client.getService({ service: "nobody" }));
    const leaving = new AbortController();
    const watching = (async () => {
      for await (const _ of rig.client.watchEvents({}, { signal: leaving.signal }));
    })().catch(() => {});
    const open = 'mcp_rpc_streams{method="WatchEvents"}';
    await until("it is open", async () => (await valuesOf("mcp_rpc_streams"))[open] === 1);
    leaving.abort();
    await watching;
    await until("it is closed", async () => (await valuesOf("mcp_rpc_streams"))[open] === 0);
    expect(await valuesOf("mcp_rpcs_total")).toMatchObject({
      'mcp_rpcs_total{method="Deploy",code="ok"}': 1,
      'mcp_rpcs_total{method="GetService",code="not_found"}': 1,
      'mcp_rpcs_total{method="WatchEvents",code="canceled"}': 1,
    });
    const events = await valuesOf("mcp_events_total");
    expect(events).toMatchObject({
      'mcp_events_total{kind="started"}': 2,
      'mcp_events_total{kind="deployed"}': 1,
      'mcp_events_total{kind="agent_started"}': 1,
    });
    const kept = await rig.life.registry.events({ limit: 1_000 });
    expect(Object.values(events).reduce((sum, value) => sum + value)).toBe(kept.length);
  });

  it("have conditions by code and severity", async () => {
    const condition = (subject: string, severity: "warning" | "critical") => ({
      code: "disk_filling" as const,
      service: "",
      component: "",
      subject,
      severity,
      title: "t",
      text: "t",
      hint: "h",
    });
    rig.life.agent.engine.conditions.set("node", [condition("/", "warning"), condition("/srv", "warning")]);
    expect(await valuesOf("mcp_conditions")).toEqual({
      'mcp_conditions{code="disk_filling",severity="warning"}': 2,
    });
    rig.life.agent.engine.conditions.set("node", []);
    expect(await valuesOf("mcp_conditions")).toEqual({});
  });

  it("ask no runtime and no registry when they are read", async () => {
    await rig.deploy(hello);
    const { agent } = rig.life;
    await until("both are seen", async () => Object.values(await valuesOf("mcp_components"))[0] === 2);
    agent.engine.halt();
    await rig.life.registry.close();
    const calls = rig.host.calls.length;
    expect(Object.values(await valuesOf("mcp_components"))).toEqual([2]);
    expect(rig.host.calls.length).toBe(calls);
  });
});
