import { describe, expect, it } from "vitest";
import { psReport } from "../reports/status-report.ts";
import { plain } from "../terminal/style.ts";
import { psView } from "./ps-view.ts";

const nowMs = Date.parse("2026-01-02T12:00:00Z");
const text = (...lines: string[]) => lines.join("\n");

describe("mcp ps", () => {
  const report = psReport({
    instances: [
      {
        service: "hello",
        component: "web",
        instance: "hello-web-k3f9",
        runtime: "container",
        observed: "OBSERVED_STATE_RUNNING",
        startedAt: "2026-01-02T11:57:00Z",
        image: "localhost:5000/hello:2",
        ports: ["127.0.0.1:8080:80", "53:53/udp"],
        revision: "3",
        memoryBytes: "20971520",
        cpuCores: 0.5,
      },
      {
        service: "hello",
        component: "db",
        instance: "hello-db-a1b2",
        runtime: "microvm",
        observed: "OBSERVED_STATE_EXITED",
        startedAt: "2026-01-02T11:57:00Z",
        exitCode: 137,
        address: "10.99.0.7",
      },
    ],
    problems: ["qemu: it does not answer"],
  });

  it("shows what runs, and what could not be asked", () => {
    expect(psView(report, { nowMs, style: plain, wide: false })).toBe(
      text(
        "SERVICE  COMPONENT  INSTANCE        RUNTIME    STATE         UPTIME  PORTS                         ADDRESS",
        "hello    web        hello-web-k3f9  container  running       3m      127.0.0.1:8080:80, 53:53/udp  -",
        "hello    db         hello-db-a1b2   microvm    exited (137)  -       -                             10.99.0.7",
        "unknown: qemu: it does not answer",
      ),
    );
  });

  it("keeps the instances of a service together, whatever their names are", () => {
    const named = (service: string, instance: string) => ({
      service,
      instance,
      observed: "OBSERVED_STATE_RUNNING" as const,
    });
    const { instances } = psReport({
      instances: [named("hello-vm", "hello-vm.a"), named("hello", "hello.a")],
    });
    expect(instances.map(({ service }) => service)).toEqual(["hello", "hello-vm"]);
  });

  it("shows more where there is room for it", () => {
    const wide = psView(report, { nowMs, style: plain, wide: true }).split("\n");
    expect(wide[0]).toMatch(/PORTS {25}REVISION {2}MEMORY {4}CPU {3}ADDRESS {4}IMAGE$/);
    expect(wide[1]).toMatch(/53:53\/udp {2}r3 {8}20\.0 MiB {2}0\.50 {2}- {10}localhost:5000\/hello:2$/);
    expect(wide[2]).toMatch(/- {29}- {9}- {9}- {5}10\.99\.0\.7 {2}-$/);
  });

  it("says that nothing runs", () => {
    expect(psView({ instances: [], problems: [] }, { nowMs, style: plain, wide: false })).toBe(
      "nothing of mcp runs here",
    );
  });
});
