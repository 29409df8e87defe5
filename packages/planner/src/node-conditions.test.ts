import { describe, expect, it } from "vitest";
import type { Condition } from "./condition.ts";
import {
  type DiskFacts,
  nodeLimitDefaults as limits,
  type NodeFacts,
  nodeConditions,
} from "./node-conditions.ts";

const MiB = 1024 * 1024;
const disk = (full: number, more: Partial<DiskFacts> = {}): DiskFacts => ({
  use: "database",
  path: "/srv/mcp",
  totalBytes: 1_000 * MiB,
  availableBytes: (100 - full) * 10 * MiB,
  device: 1,
  ...more,
});
const facts = (more: Partial<NodeFacts> = {}): NodeFacts => ({
  disks: [],
  memoryTotalBytes: 1_000 * MiB,
  memoryAvailableBytes: 500 * MiB,
  ...more,
});
const withDisks = (...disks: DiskFacts[]) => facts({ disks });
const withMemory = (left: number) => facts({ memoryAvailableBytes: left * 10 * MiB });

/** What is found as the facts change, one after the other. */
function course(...all: NodeFacts[]): string[] {
  let before: readonly Condition[] = [];
  return all.map((each) => {
    before = nodeConditions(each, before, limits);
    return before.map(({ code, severity }) => `${code} ${severity}`).join(", ");
  });
}

describe("a disk", () => {
  it("is told with how much is left, what lies on it, and what to type", () => {
    expect(nodeConditions(withDisks(disk(91)), [], limits)).toEqual([
      {
        code: "disk_filling",
        service: "",
        component: "",
        subject: "/srv/mcp",
        severity: "warning",
        title: "the disk of /srv/mcp is almost full",
        text: "it is 91 % full, with 90 MiB left; on it: database (/srv/mcp)",
        hint: "see what takes the room: du -xh /srv/mcp | sort -h | tail; images that nothing uses: podman image prune",
      },
    ]);
  });

  it("is told at its limit, and is over two percent below it", () => {
    const seen = [89, 90, 89, 88, 87, 89].map((full) => withDisks(disk(full)));
    const warning = "disk_filling warning";
    expect(course(...seen)).toEqual(["", warning, warning, warning, "", ""]);
  });

  it("is not over because it does not answer any more, which somebody would be told", () => {
    const silent = facts({ unknownDisks: [{ use: "database", path: "/srv/mcp" }] });
    const warning = "disk_filling warning";
    expect(course(silent, withDisks(disk(91)), silent, silent, withDisks(disk(50)), silent)).toEqual([
      "",
      warning,
      warning,
      warning,
      "",
      "",
    ]);
  });

  it("is critical from 97 percent on, until two below that", () => {
    const seen = [96, 97, 96, 94].map((full) => withDisks(disk(full)));
    const [warning, critical] = ["disk_filling warning", "disk_filling critical"];
    expect(course(...seen)).toEqual([warning, critical, critical, warning]);
  });

  it("is told once for all folders on it, and each disk for itself", () => {
    const images = disk(95, { use: "vm images", path: "/srv/mcp/images" });
    const other = disk(95, { use: "podman", path: "/var", device: 2 });
    const found = nodeConditions(withDisks(disk(95), images, other), [], limits);
    expect(found.map(({ subject }) => subject)).toEqual(["/srv/mcp", "/var"]);
    expect(found[0]?.text).toContain("on it: database (/srv/mcp), vm images (/srv/mcp/images)");
  });

  it("may be given another limit", () => {
    expect(nodeConditions(withDisks(disk(60)), [], { ...limits, diskFullPercent: 50 })).toHaveLength(1);
    expect(nodeConditions(withDisks(disk(95)), [], { ...limits, diskFullPercent: 99 })).toEqual([]);
  });

  it("without any size, such as /proc has, is not full", () => {
    expect(nodeConditions(withDisks(disk(100, { totalBytes: 0 })), [], limits)).toEqual([]);
  });
});

it("memory runs low below five percent, until there are seven", () => {
  const low = "memory_low warning";
  expect(course(...[5, 4.9, 5, 6.9, 7, 5].map(withMemory))).toEqual(["", low, low, low, "", ""]);
});

it("a database that cannot be written is critical, with why and what to type", () => {
  const database = { message: "no space left in /srv/mcp", hint: "make room: df -h /srv/mcp" };
  expect(nodeConditions(facts({ database }), [], limits)).toMatchObject([
    {
      code: "database_unwritable",
      severity: "critical",
      text: "no space left in /srv/mcp. What runs goes on, but nothing can be changed.",
      hint: "make room: df -h /srv/mcp",
    },
  ]);
});
