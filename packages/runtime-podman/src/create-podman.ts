import type { Clock } from "@mcp/base";
import { type Logger, type Run, run as runProgram } from "@mcp/host";
import type { ImageSource, Runtime } from "@mcp/runtime";
import { Aftermath } from "./containers/aftermath.ts";
import { ExecCleanup } from "./containers/exec-cleanup.ts";
import { HeldPorts } from "./containers/held-ports.ts";
import { LostProcesses } from "./containers/lost-processes.ts";
import { Networks } from "./containers/networks.ts";
import { OutOfMemory } from "./containers/out-of-memory.ts";
import { parseUlimit } from "./containers/ulimits.ts";
import { hostFacts } from "./doctor/host-facts.ts";
import { type PodmanCheck, podmanChecks } from "./doctor/podman-checks.ts";
import { UnixHttp } from "./http/unix-http.ts";
import { PodmanImages } from "./images/podman-images.ts";
import { PodmanApi } from "./podman-api.ts";
import { PodmanRuntime } from "./podman-runtime.ts";
import { authFiles } from "./registry/auth-file.ts";
import { insecureByPodman } from "./registry/insecure.ts";
import { RegistryClient } from "./registry/registry-client.ts";
import { Connection } from "./socket/connection.ts";
import { socketCandidates } from "./socket/find-socket.ts";
import { makePing } from "./socket/ping.ts";
import { PodmanService } from "./socket/podman-service.ts";
import { StoreGuard } from "./store-guard.ts";

export interface PodmanOptions {
  /** Podman's socket. Absent or empty: one that is found, else a service of our own. */
  readonly socket?: string;
  /** Where a service of our own keeps its socket; made when needed, with mode 0700. */
  readonly stateDir: string;
  /** For every container: `nofile=1024:20000`. For hosts where podman's defaults cannot be set. */
  readonly ulimits?: readonly string[];
  /** Where registry logins are kept. Absent: where podman keeps them. */
  readonly authFile?: string;
  /** Registries that may be spoken to without TLS, besides those of this machine and of podman's own configuration. */
  readonly insecureRegistries?: readonly string[];
  /** A container's log is begun anew when it has reached this size. Default 32 MiB. */
  readonly logMaxBytes?: number;
  /** Added to the environment of a service of our own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly run?: Run;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Podman {
  readonly runtime: Runtime;
  readonly images: ImageSource;
  /** What may be wrong with podman on this host. @throws Problem if podman cannot be asked; `runtime.probe` says why. */
  checks(signal: AbortSignal): Promise<readonly PodmanCheck[]>;
  /** End every connection, and the service that was started here, but none that was taken over. The containers go on. */
  close(): Promise<void>;
}

/**
 * Containers and images of this host. Nothing is started, and nobody asked, before the first call.
 *
 * @throws Problem `config_invalid` for a ulimit that is none.
 * @example const { runtime, images, close } = createPodman({ stateDir: "/srv/mcp/podman", clock: realClock, log });
 */
export function createPodman(options: PodmanOptions): Podman {
  const surroundings = { uid: process.getuid?.() ?? 0, env: { ...process.env, ...options.env } };
  return assemble(options, socketCandidates(surroundings));
}

/** @param candidates  where podman's socket may be, unless one is configured. */
export function assemble(options: PodmanOptions, candidates: readonly string[]): Podman {
  const { stateDir, clock, log, run = runProgram, logMaxBytes = 32 * 1024 * 1024 } = options;
  const ulimits = (options.ulimits ?? []).map(parseUlimit);
  const env = { ...process.env, ...options.env };
  const uid = process.getuid?.() ?? 0;
  const http = new UnixHttp();
  const ping = makePing(http, clock);
  const service = new PodmanService({ stateDir, env: options.env ?? {}, ping, run, clock, log });
  const connection = new Connection({
    configured: options.socket || undefined,
    candidates,
    service,
    ping,
  });
  const api = new PodmanApi(connection, http, clock);
  const guard = new StoreGuard(api);
  const execCleanup = new ExecCleanup(clock);
  const registry = new RegistryClient({
    clock,
    env,
    authFiles: authFiles(options.authFile, env, uid),
    insecure: async () => [...(options.insecureRegistries ?? []), ...(await insecureByPodman(env))],
  });
  return {
    runtime: new PodmanRuntime({
      api,
      clock,
      guard,
      networks: new Networks(api),
      aftermath: new Aftermath(clock, guard),
      heldPorts: new HeldPorts(api, clock),
      outOfMemory: new OutOfMemory(api),
      lostProcesses: new LostProcesses(clock),
      execCleanup,
      settings: { ulimits, logMaxBytes },
      reachedBy: () => connection.description,
    }),
    images: new PodmanImages({ api, clock, registry }),
    checks: async (signal) => podmanChecks(await guard.info(signal), await hostFacts(ulimits.length > 0)),
    async close() {
      await execCleanup.close();
      await connection.close();
      guard.close();
      http.close();
    },
  };
}
