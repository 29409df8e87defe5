import { dirname, join } from "node:path";
import type { Deps } from "@mcp/agent";
import { type Logger, realClock, run } from "@mcp/host";
import { createPodman } from "@mcp/runtime-podman";
import { createQemu } from "@mcp/runtime-qemu";
import type { AgentConfig } from "./config.ts";

export interface WiredRuntimes {
  readonly deps: Pick<Deps, "runtimes" | "images" | "network" | "checks">;
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
  const qemu = createQemu({
    stateDir: config["vm.state_dir"],
    imageDir: config["vm.image_dir"],
    images: podman.images,
    accel: config["vm.accel"],
    user: config["vm.user"],
    mayConnectOut: config["vm.user_net_outbound"],
    linux: {
      kernel: config["vm.linux.kernel"],
      modules: config["vm.linux.modules"],
      busybox: config["vm.linux.busybox"],
    },
    nanos: {
      ops: config["vm.nanos.ops"],
      kernel: config["vm.nanos.kernel"],
      boot: config["vm.nanos.boot"],
    },
    network: {
      bridge: config["network.bridge"].name,
      isNamed: config["network.bridge"].isNamed,
      allow: config["network.allow"],
    },
    run,
    clock: realClock,
    log: log.child({ part: "qemu" }),
  });
  return {
    deps: {
      runtimes: [
        { name: "podman", runtime: podman.runtime },
        { name: "microvm", runtime: qemu.microvm },
        { name: "unikernel", runtime: qemu.unikernel },
      ],
      images: podman.images,
      network: qemu.network,
      checks: [(signal) => podman.checks(signal), (signal) => qemu.checks(signal)],
    },
    async close() {
      await Promise.all([podman.close(), qemu.close()]);
    },
  };
}
