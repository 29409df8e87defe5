import { describe, expect, it } from "vitest";
import { component, instance, nowMs, service, target, trying } from "../test/example.ts";
import { type Instance, plan, type Target } from "./index.ts";
import { networkConditions } from "./network-conditions.ts";

const vm = { kind: "microvm" } as const;
const place = (address: string, bridge = "mcp-br0") => ({ place: { bridge, address } });

/** The plan for a component of which an instance runs that does not fit. */
function planFor(before: Partial<Instance>, wanted: Partial<Target>) {
  const old = instance("web.old", { ...vm, specHash: "v1", ...before });
  const goal = service(
    [component("web", { target: target({ ...vm, specHash: "v1@b", ...wanted }), instances: [old] })],
    trying,
  );
  const sightings = new Map([[old.name, { state: "running", specHash: old.specHash } as const]]);
  return plan(goal, { sightings, presentImages: new Set(["sha256:2"]) }, nowMs);
}

const reasonOf = (...asked: Parameters<typeof planFor>) =>
  planFor(...asked).steps.find(({ action }) => action.do === "start")?.reason;

describe("why a new instance is made", () => {
  it.each<[string, Partial<Instance>, Partial<Target>]>([
    ["it moves from user networking to mcp-br0, at 10.99.0.2", {}, place("10.99.0.2")],
    ["it moves from user networking to mcp-br0", {}, { place: { bridge: "mcp-br0" } }],
    [
      "it moves from mcp-br0 to user networking",
      { ...place("10.99.0.2"), specHash: "v1@b" },
      { specHash: "v1" },
    ],
    ["it moves from br1 to mcp-br0, at 10.99.0.2", place("10.99.0.2", "br1"), place("10.99.0.2")],
    ["it moves on mcp-br0 from 10.98.0.2 to 10.99.0.2", place("10.98.0.2"), place("10.99.0.2")],
    ["mcp-br0 has another subnet", { ...place("10.99.0.2"), specHash: "v1@a" }, place("10.99.0.2")],
    [
      "its image or settings changed, and it moves from user networking to mcp-br0, at 10.99.0.2",
      { specHash: "v0" },
      place("10.99.0.2"),
    ],
    [
      "its image or settings changed",
      { ...place("10.99.0.2"), specHash: "v0@b" },
      { ...place("10.99.0.2"), specHash: "v1@b" },
    ],
    ["its image or settings changed", { kind: "container" }, place("10.99.0.2")],
  ])("%s", (reason, before, wanted) => {
    expect(reasonOf(before, wanted)).toBe(reason);
  });
});

describe("start-first", () => {
  const orderOf = (...asked: Parameters<typeof planFor>) => {
    const { steps, notes } = planFor(...asked);
    return { does: steps.map(({ action }) => action.do), notes };
  };
  const startFirst = { update: "start-first" } as const;

  it("is stop-first where both have the same address, and says so", () => {
    expect(
      orderOf({ ...place("10.99.0.2"), specHash: "v0@b" }, { ...startFirst, ...place("10.99.0.2") }),
    ).toEqual({
      does: ["stop", "start", "stand", "accept", "remove"],
      notes: [
        "web: update is stop-first after all, since the old and the new one have the same address on mcp-br0",
      ],
    });
  });

  it("is what it is on the way to another bridge, or to the first one", () => {
    const beside = { does: ["start", "stand", "stop", "accept", "remove"], notes: [] };
    expect(orderOf({}, { ...startFirst, ...place("10.99.0.2") })).toEqual(beside);
    expect(orderOf(place("10.98.0.2", "br1"), { ...startFirst, ...place("10.99.0.2") })).toEqual(beside);
  });
});

describe("the network of virtual machines", () => {
  const status = { bridge: "mcp-br0", allowed: [], guests: [] };

  it("is wrong where it fails, with why and what to type", () => {
    const failing = {
      ...status,
      state: "failing",
      why: "mcp-br0 is down",
      hint: "ip link set mcp-br0 up",
    } as const;
    expect(networkConditions(failing, 0)).toEqual([
      {
        service: "",
        component: "",
        code: "network_failing",
        subject: "mcp-br0",
        severity: "critical",
        title: "the network of virtual machines (mcp-br0) does not work",
        text: "mcp-br0 is down",
        hint: "ip link set mcp-br0 up",
      },
    ]);
  });

  it("is wrong where it is missing and somebody was to be on it", () => {
    const text =
      "there is no bridge mcp-br0, and 2 virtual machines were deployed to be on it: they reach nothing, and cannot be started";
    expect(networkConditions({ ...status, state: "absent" }, 2)).toMatchObject([
      { severity: "critical", text },
    ]);
    expect(networkConditions({ ...status, state: "off" }, 2)).toEqual([]);
  });

  it.each(["off", "absent", "ready"] as const)("is nothing to tell of where it is %s", (state) => {
    expect(networkConditions({ ...status, state }, 0)).toEqual([]);
  });
});
