import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { WorkloadSpec } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { createRequest, type HostSettings } from "./create-request.ts";
import { parseUlimit } from "./ulimits.ts";

interface Fixture {
  readonly spec: WorkloadSpec;
  readonly settings: HostSettings;
  readonly expected: Record<string, unknown>;
}

const folder = join(import.meta.dirname, "fixtures");
const fixture = (name: string): Fixture => JSON.parse(readFileSync(join(folder, name), "utf8"));

describe("the create request", () => {
  it.each(readdirSync(folder))("is what %s expects", (name) => {
    const { spec, settings, expected } = fixture(name);
    expect(createRequest(spec, "the-image", settings)).toEqual(expected);
  });

  it.each(["host", "none"])("is refused for ports on the network %s", (network) => {
    const { spec, settings } = fixture("everything.json");
    expect(() => createRequest({ ...spec, network }, "the-image", settings)).toThrow(/publishes none/);
  });

  it.each(["", "0.0.0.0", "::"])("has a port on every address without one, which %j means too", (address) => {
    const { spec, settings } = fixture("smallest.json");
    const port = { address, host: 8080, guest: 80, protocol: "tcp" } as const;
    expect(createRequest({ ...spec, ports: [port] }, "the-image", settings).portmappings).toEqual([
      { host_ip: "", host_port: 8080, container_port: 80, protocol: "tcp" },
    ]);
  });

  it.each(["none", "bridge", "slirp4netns", "pasta"])("takes %s for what podman means by it", (network) => {
    const { spec, settings } = fixture("smallest.json");
    const request = createRequest({ ...spec, network }, "the-image", settings);
    expect(request.netns).toEqual({ nsmode: network });
    expect(request).not.toHaveProperty("networks");
  });
});

describe("a ulimit", () => {
  it("has a soft and a hard limit, or one for both", () => {
    expect(parseUlimit("nofile=1024:20000")).toEqual({ type: "nofile", soft: 1024, hard: 20000 });
    expect(parseUlimit("nproc=64")).toEqual({ type: "nproc", soft: 64, hard: 64 });
  });

  it.each(["", "nofile", "nofile=", "nofile=a", "nofile=5:4", "nofile=-1", "no file=1", "nofile=1:2:3"])(
    "is not %j",
    (text) => {
      expect(() => parseUlimit(text)).toThrow(/is not a ulimit/);
    },
  );
});
