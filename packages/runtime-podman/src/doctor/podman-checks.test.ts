import { describe, expect, it } from "vitest";
import type { PodmanInfo } from "../info.ts";
import { type HostFacts, mayRaiseLimits } from "./host-facts.ts";
import { podmanChecks } from "./podman-checks.ts";

const info = (host: Partial<PodmanInfo["host"]> = {}, driver = "overlay"): PodmanInfo => ({
  host: {
    cgroupVersion: "v2",
    memTotal: 1,
    cgroupControllers: ["memory", "cpu"],
    networkBackend: "netavark",
    security: { rootless: false },
    ...host,
  },
  store: { graphRoot: "/var/lib/containers/storage", graphDriverName: driver },
  version: { Version: "4.3.1" },
});
const host: HostFacts = {
  user: "ada",
  hasSystemd: true,
  lingers: true,
  mayRaiseLimits: true,
  hasUlimits: false,
};
const rootless = {
  security: { rootless: true },
  idMappings: {
    uidmap: [
      { container_id: 0, host_id: 1000 },
      { container_id: 1, host_id: 100_000 },
    ],
  },
};
const wrong = (found: ReturnType<typeof podmanChecks>) =>
  found.filter(({ outcome }) => outcome !== "ok").map(({ name, outcome }) => `${name} ${outcome}`);

describe("the checks of podman", () => {
  it("find nothing on a plain host, rootful or rootless", () => {
    expect(wrong(podmanChecks(info(), host))).toEqual([]);
    expect(wrong(podmanChecks(info(rootless), host))).toEqual([]);
  });

  it.each<[string, ReturnType<typeof info>, Partial<HostFacts>, string]>([
    ["the slow storage", info({}, "vfs"), {}, "podman: storage warning"],
    ["the old network", info({ networkBackend: "cni" }), {}, "podman: network warning"],
    ["old cgroups without root", info({ ...rootless, cgroupVersion: "v1" }), {}, "podman: cgroups warning"],
    [
      "a user without ids",
      info({ ...rootless, idMappings: { uidmap: null } }),
      {},
      "podman: subordinate ids failed",
    ],
    ["a user who does not linger", info(rootless), { lingers: false }, "podman: lingering warning"],
    ["limits that cannot be raised", info(), { mayRaiseLimits: false }, "podman: limits warning"],
    ["a host without systemd", info(), { hasSystemd: false }, "host: systemd warning"],
  ])("find %s, and say what to type", (_, podman, facts, expected) => {
    const found = podmanChecks(podman, { ...host, ...facts });
    expect(wrong(found)).toEqual([expected]);
    expect(found.every(({ outcome, hint }) => (outcome === "ok") === (hint === ""))).toBe(true);
  });

  it("are content with limits that the agent's config gives", () => {
    expect(wrong(podmanChecks(info(), { ...host, mayRaiseLimits: false, hasUlimits: true }))).toEqual([]);
  });
});

describe("whether limits may be raised", () => {
  it.each([
    ["CapEff:\t000001ffffffffff", true],
    ["CapEff:\t00000000a80425fb", false],
    ["", false],
  ])("is read from %j", (status, expected) => {
    expect(mayRaiseLimits(`Name:\tnode\n${status}\nThreads:\t1\n`)).toBe(expected);
  });
});
