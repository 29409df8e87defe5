import { describe, expect, it } from "vitest";
import { plain } from "../terminal/style.ts";
import { nodeListView, nodeView } from "./node-view.ts";

const nowMs = Date.parse("2026-01-02T12:00:00Z");
const text = (...lines: string[]) => lines.join("\n");

describe("a node", () => {
  it("is shown with what can run on it, and with what cannot and why", () => {
    const GiB = 1024 ** 3;
    const node = {
      name: "rift",
      agentVersion: "0.1.0",
      agentStartedAt: "2026-01-02T11:00:00Z",
      bootedAt: "2025-12-28T12:00:00Z",
      bootId: "b",
      boot: null,
      notes: [],
      os: "Debian GNU/Linux 12 (bookworm), Linux 6.1",
      cpus: 2,
      cpuBusy: 0.371,
      load: 0.314,
      load5m: 0.2,
      load15m: 0,
      memoryTotalBytes: 24 * GiB,
      memoryAvailableBytes: 20.5 * GiB,
      agentMemoryBytes: 78 * 1024 ** 2,
      services: 3,
      running: 1,
      promised: { memoryMiB: 384, overheadMiB: 288, memoryTotalMiB: 24_576, vcpus: 3, vcpusTotal: 16 },
      containerLimits: { memoryMiB: 768, limited: 2, unlimited: 1 },
      troubles: [
        {
          code: "disk_filling",
          severity: "warning",
          title: "the disk of /srv/mcp is almost full",
          text: "it is 91 % full, with 9216 MiB left; on it: database (/srv/mcp)",
          hint: "see what takes the room: du -xh /srv/mcp | sort -h | tail",
        },
      ],
      network: {
        bridge: "mcp-br0",
        state: "ready",
        subnet: "10.99.0.1/24",
        addressesGiven: 2,
        addressesTotal: 253,
        allowed: [],
        guests: 2,
        why: "",
        hint: "",
      },
      alertChannels: [
        {
          name: "command",
          problem: null,
          waiting: 0,
          lost: 0,
          lostAt: null,
          toldAt: "2026-01-02T09:00:00Z",
        },
        {
          name: "webhook",
          problem: {
            code: "alert_failed",
            message: "https://alerts.example.org answered 503",
            hint: "see whether it answers: curl -i https://alerts.example.org",
          },
          waiting: 2,
          lost: 1,
          lostAt: "2026-01-02T11:30:00Z",
          toldAt: null,
        },
      ],
      disks: [
        { use: "database", path: "/srv/mcp", totalBytes: 100 * GiB, availableBytes: 40 * GiB },
        { use: "images", path: "/dead", totalBytes: 0, availableBytes: 0 },
      ],
      runtimes: [
        {
          kinds: ["container"],
          ok: true,
          version: "podman 4.3.1",
          store: "/var/lib/containers/storage",
          notes: ["rootful"],
          accelerator: null,
          cannot: [{ capability: "memory limits", why: "this host has cgroups v1" }],
          why: "",
          hint: "",
        },
        {
          kinds: ["unikernel", "microvm"],
          ok: false,
          version: "",
          store: "",
          notes: [],
          accelerator: null,
          cannot: [],
          why: "qemu-system-x86_64 is not installed",
          hint: "apt-get install qemu-system-x86",
        },
      ],
    };
    expect(nodeView(node, nowMs, plain)).toBe(
      text(
        "rift",
        "  system           Debian GNU/Linux 12 (bookworm), Linux 6.1, up 5d, boot b",
        "  agent            0.1.0, up 1h, 78.0 MiB",
        "  cpus             2, 37 % busy, load 0.31, 0.20, 0.00 (1, 5, 15 min)",
        "  memory           3.5 GiB of 24.0 GiB used",
        "  services         3, 1 running instance",
        "  promised         384 + 288 (for QEMU itself) of 24576 MiB of memory, 3 of 16 vcpus, to virtual machines",
        "  containers       2 limited to 768 MiB of memory together, 1 without a limit of memory",
        "  disk: database   40.0 GiB of 100 GiB free, 60 % full, /srv/mcp",
        "  disk: images     unknown: it does not answer, /dead",
        "  network          mcp-br0, 10.99.0.1/24, 2 of 253 addresses given, 2 on it, may reach nothing",
        "  alerts: command  ok, the last one told 3h ago",
        "  alerts: webhook  failing, none told since the agent started, 2 waiting, 1 given up",
        "warning  the disk of /srv/mcp is almost full: it is 91 % full, with 9216 MiB left; on it: database (/srv/mcp)",
        "  → see what takes the room: du -xh /srv/mcp | sort -h | tail",
        "failing  alerts by webhook: https://alerts.example.org answered 503",
        "  → see whether it answers: curl -i https://alerts.example.org",
        "container  ok, podman 4.3.1, store /var/lib/containers/storage",
        "  cannot memory limits: this host has cgroups v1",
        "  rootful",
        "unikernel, microvm  not available: qemu-system-x86_64 is not installed",
        "  → apt-get install qemu-system-x86",
      ),
    );
  });

  it("has its place in the list", () => {
    const nodes = [
      { name: "rift", address: "unix:/run/mcp/agent.sock", isDefault: true },
      { name: "straylight", address: "192.0.2.7:9444", isDefault: false },
    ];
    expect(nodeListView({ nodes }, plain)).toBe(
      text(
        "NODE        ADDRESS                   DEFAULT",
        "rift        unix:/run/mcp/agent.sock  yes",
        "straylight  192.0.2.7:9444            -",
      ),
    );
  });
});
