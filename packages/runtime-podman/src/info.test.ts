import { describe, expect, it } from "vitest";
import { capabilitiesOf, isTooOld, notesOf, type PodmanInfo, storeOf } from "./info.ts";

function info(host: Partial<PodmanInfo["host"]>): PodmanInfo {
  return {
    host: {
      cgroupVersion: "v2",
      memTotal: 2 ** 34,
      cgroupControllers: ["cpu", "memory", "pids"],
      networkBackend: "netavark",
      ociRuntime: { name: "crun" },
      security: { rootless: false },
      ...host,
    },
    store: { graphRoot: "/var/lib/containers/storage", graphDriverName: "overlay" },
    version: { Version: "4.3.1" },
  };
}

const rootless = {
  security: { rootless: true },
  idMappings: { uidmap: [{ container_id: 0, host_id: 1000 }] },
};

describe("what podman says of itself", () => {
  it("can do everything as root, with either version of cgroups", () => {
    for (const cgroupVersion of ["v1", "v2"]) {
      for (const can of Object.values(capabilitiesOf(info({ cgroupVersion }))))
        expect(can).toEqual({ ok: true });
    }
  });

  it("can neither limit nor measure without root and without cgroups v2", () => {
    const can = capabilitiesOf(info({ ...rootless, cgroupVersion: "v1", cgroupControllers: null }));
    for (const what of ["memoryLimit", "cpuLimit", "stats"] as const) {
      expect(can[what]).toEqual({ ok: false, why: "rootless podman needs cgroups v2 for it" });
    }
    expect(can.exec).toEqual({ ok: true });
  });

  it("can limit only what it was given a controller for", () => {
    const can = capabilitiesOf(info({ ...rootless, cgroupControllers: ["memory"] }));
    expect(can.memoryLimit).toEqual({ ok: true });
    expect(can.cpuLimit).toEqual({ ok: false, why: 'the cgroup controller "cpu" is not given to this user' });
    expect(can.stats).toEqual({ ok: true });
  });

  it("has containers with addresses that the host reaches only as root", () => {
    expect(capabilitiesOf(info({})).ownAddresses).toEqual({ ok: true });
    expect(capabilitiesOf(info(rootless)).ownAddresses).toMatchObject({ ok: false, byNature: true });
  });

  it("tells one user's store from another's", () => {
    expect(storeOf(info({}))).toBe("/var/lib/containers/storage");
    expect(storeOf(info(rootless))).toBe("/var/lib/containers/storage (uid 1000)");
  });

  it("is told in a few words", () => {
    expect(notesOf(info(rootless))).toEqual(["rootless", "cgroups v2", "crun", "overlay", "netavark"]);
  });

  it.each([
    ["3.4.4", true],
    ["4.2.9", true],
    ["4.3.0", false],
    ["4.10.0", false],
    ["5.0.0-rc1", false],
    ["", true],
  ])("is of version %s: too old is %s", (version, tooOld) => {
    expect(isTooOld(version)).toBe(tooOld);
  });
});
