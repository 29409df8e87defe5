import { dirname, join } from "node:path";
import type { Deps, RuntimeStatus } from "@mcp/agent";
import { type Logger, realClock, run } from "@mcp/host";
import { createPodman } from "@mcp/runtime-podman";
import type { AgentConfig } from "./config.ts";

export interface WiredRuntimes {
  readonly deps: Pick<Deps, "runtimes" | "images" | "missingRuntimes" | "checks">;
  close(): Promise<void>;
}

/** The backends of this build. The only place that names them. */
export function wireRuntimes(config: AgentConfig, log: Logger): WiredRuntimes {
  const podman = createPodman({
    ...(config["podman.socket"] !== "" && { socket: config["podman.socket"] }),
    stateDir: join(dirname(config["server.socket"]), "podman"),
    ulimits: config["podman.ulimits"],
    run,
    clock: realClock,
    log: log.child({ part: "podman" }),
  });
  return {
    deps: {
      runtimes: [{ name: "podman", runtime: podman.runtime }],
      images: podman.images,
      checks: [(signal) => podman.checks(signal)],
      missingRuntimes: [virtualMachines],
    },
    close: () => podman.close(),
  };
}

const virtualMachines: RuntimeStatus = {
  kinds: ["unikernel", "microvm"],
  ok: false,
  version: "",
  store: "",
  notes: [],
  cannot: [],
  why: "virtual machines are not built into this version yet",
  hint: 'use runtime = "container"',
};
