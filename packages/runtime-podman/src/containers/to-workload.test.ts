import { describe, expect, it } from "vitest";
import type { InspectedContainer, ListedContainer } from "./shapes.ts";
import { fromInspected, fromListed, ownAddress } from "./to-workload.ts";

const digest = `sha256:${"a".repeat(64)}`;
const labels = {
  "io.buildah.version": "1.28.2",
  "mcp.service": "shop",
  "mcp.component": "api",
  "mcp.instance": "shop-api-7",
  "mcp.revision": "12",
  "mcp.spec-hash": "v1:def",
  "mcp.image": `registry.example:8443/shop-api:v2@${digest}`,
};

const listed: ListedContainer = {
  Id: "c1",
  Names: ["shop-api-7"],
  Created: "2026-11-21T17:22:05.1Z",
  Image: "localhost/other:v9",
  Labels: labels,
  State: "running",
  Pid: 4711,
  ExitCode: 0,
  StartedAt: 1_795_281_726,
  ExitedAt: -62_135_596_800,
  Ports: [
    { host_ip: "", container_port: 80, host_port: 8080, range: 1, protocol: "tcp" },
    { host_ip: "192.0.2.7", container_port: 53, host_port: 53, range: 1, protocol: "udp" },
  ],
};

const inspected: InspectedContainer = {
  Id: "c1",
  Name: "shop-api-7",
  ImageName: "localhost/other:v9",
  Config: { Labels: labels },
  State: {
    Status: "running",
    Pid: 4711,
    ExitCode: 0,
    OOMKilled: false,
    StartedAt: "2026-11-21T17:22:06.257295468Z",
    FinishedAt: "0001-01-01T00:00:00Z",
  },
  HostConfig: {
    PortBindings: {
      "80/tcp": [{ HostIp: "", HostPort: "8080" }],
      "53/udp": [{ HostIp: "192.0.2.7", HostPort: "53" }],
    },
  },
};

const exited = (exit: Partial<InspectedContainer["State"]>) =>
  fromInspected({
    ...inspected,
    State: { ...inspected.State, Status: "exited", FinishedAt: "2026-11-21T17:30:00.9Z", ...exit },
  });

describe("what podman shows", () => {
  it("is the same workload in a list and inspected", () => {
    const workload = {
      name: "shop-api-7",
      kind: "container",
      labels: { service: "shop", component: "api", instance: "shop-api-7", revision: 12, specHash: "v1:def" },
      state: "running",
      imageReference: "registry.example:8443/shop-api:v2",
      imageDigest: digest,
      ports: [
        { address: "192.0.2.7", host: 53, guest: 53, protocol: "udp" },
        { address: "", host: 8080, guest: 80, protocol: "tcp" },
      ],
      pid: 4711,
      startedAtMs: Date.UTC(2026, 10, 21, 17, 22, 6),
    };
    expect(fromListed(listed)).toEqual(workload);
    expect(fromInspected(inspected)).toEqual(workload);
  });

  it("has the address of one of its networks, while it runs", () => {
    const on = (IPAddress: string, Status = "running") =>
      ownAddress({
        ...inspected,
        State: { ...inspected.State, Status },
        NetworkSettings: { Networks: { none: {}, mcpnet: { IPAddress } } },
      });
    expect(on("10.89.0.7")).toBe("10.89.0.7");
    expect([on(""), on("10.89.0.7", "exited"), ownAddress(inspected)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("is not ours without every one of our labels", () => {
    const { "mcp.instance": _, ...some } = labels;
    expect(fromListed({ ...listed, Labels: some })).toBeUndefined();
    expect(fromListed({ ...listed, Labels: null })).toBeUndefined();
  });

  it.each([
    ["running", "running"],
    ["paused", "running"],
    ["stopping", "stopping"],
    ["removing", "stopping"],
    ["unknown", "stopping"],
    ["stopped", "exited"],
    ["exited", "exited"],
  ])("as %s is %s", (status, state) => {
    expect(fromListed({ ...listed, State: status })?.state).toBe(state);
  });

  it("is still to be started where it was only made ready for it", () => {
    const ready = { ...listed, State: "initialized" };
    expect(fromListed({ ...ready, StartedAt: -62135596800 })).toMatchObject({ state: "created" });
    expect(fromListed({ ...ready, ExitCode: 0 })).toMatchObject({ state: "exited" });
    expect(fromListed({ ...ready, ExitCode: 0 })?.exit).toMatchObject({ reason: "unknown" });
    expect(fromListed({ ...ready, ExitCode: 0 })?.exit).not.toHaveProperty("code");
  });

  it("has exited with a code, by a signal, or for lack of memory", () => {
    const atMs = Date.UTC(2026, 10, 21, 17, 30, 0);
    expect(exited({ ExitCode: 3 })?.exit).toEqual({ atMs, code: 3, reason: "exited" });
    expect(exited({ ExitCode: 137 })?.exit).toEqual({ atMs, code: 137, reason: "signal" });
    expect(exited({ ExitCode: 255 })?.exit).toEqual({ atMs, code: 255, reason: "exited" });
    expect(exited({ ExitCode: 137, OOMKilled: true })?.exit).toEqual({
      atMs,
      code: 137,
      reason: "out-of-memory",
    });
    expect(exited({ ExitCode: 3 })).not.toHaveProperty("pid");
  });

  it("has an unknown exit where podman did not see it", () => {
    expect(exited({ ExitCode: 0, FinishedAt: "0001-01-01T00:00:00Z" })?.exit).toMatchObject({
      reason: "unknown",
    });
    expect(exited({ ExitCode: 0, FinishedAt: "2026-11-21T17:00:00Z" })?.exit).toMatchObject({
      reason: "unknown",
    });
    expect(exited({ ExitCode: -1 })?.exit).not.toHaveProperty("code");
  });

  it("has an unknown exit where podman shows as created what has run", () => {
    const lost = fromListed({ ...listed, State: "created", Pid: 0 });
    expect(lost).toMatchObject({ state: "exited", exit: { reason: "unknown" } });
  });

  it("has no exit before it has run", () => {
    const created = fromListed({ ...listed, State: "created", Pid: 0, StartedAt: -62_135_596_800 });
    expect(created).toMatchObject({ state: "created" });
    expect(created).not.toHaveProperty("exit");
    expect(created).not.toHaveProperty("startedAtMs");
  });

  it("takes a range of ports apart", () => {
    const port = { host_ip: "0.0.0.0", container_port: 80, host_port: 8080, range: 2, protocol: "tcp,udp" };
    expect(fromListed({ ...listed, Ports: [port] })?.ports).toEqual([
      { address: "", host: 8080, guest: 80, protocol: "tcp" },
      { address: "", host: 8080, guest: 80, protocol: "udp" },
      { address: "", host: 8081, guest: 81, protocol: "tcp" },
      { address: "", host: 8081, guest: 81, protocol: "udp" },
    ]);
  });

  it("names the image as podman does where we have not", () => {
    const { "mcp.image": _, ...unnamed } = labels;
    expect(fromListed({ ...listed, Labels: unnamed })).toMatchObject({
      imageReference: "localhost/other:v9",
    });
    const pinned = `localhost/other@${digest}`;
    expect(fromListed({ ...listed, Labels: unnamed, Image: pinned })).toMatchObject({
      imageReference: pinned,
      imageDigest: digest,
    });
  });
});
