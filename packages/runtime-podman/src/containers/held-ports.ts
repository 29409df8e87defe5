import type { Clock } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";
import type { Reply } from "../http/unix-http.ts";
import type { PodmanApi } from "../podman-api.ts";
import { saysPortInUse } from "./start-problem.ts";

/** Go cleans up at least this often. */
const heldAtMostMs = 150_000;
const maxTries = 8;
const pauseMs = 100;

/**
 * Podman's service binds a container's ports itself before it hands them on, and where the start then fails it lets them
 * go only when its memory is next cleaned up: they seem taken for a while, by nobody. So after a failed start its ports
 * are tried a few times.
 */
export class HeldPorts {
  readonly #api: PodmanApi;
  readonly #clock: Clock;
  readonly #held = new Map<string, number>();

  constructor(api: PodmanApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  add({ ports }: WorkloadSpec): void {
    for (const { host, protocol } of ports) this.#held.set(`${host}/${protocol}`, this.#clock.monotonic());
  }

  async retry(
    { ports }: WorkloadSpec,
    first: Reply,
    attempt: () => Promise<Reply>,
    signal: AbortSignal,
  ): Promise<Reply> {
    const now = this.#clock.monotonic();
    const isSuspect = ports.some(({ host, protocol }) => {
      const since = this.#held.get(`${host}/${protocol}`);
      return since !== undefined && now - since < heldAtMostMs;
    });
    let reply = first;
    for (let tries = 0; isSuspect && tries < maxTries && saysPortInUse(reply); tries++) {
      // What it allocates to answer brings its next clean-up nearer.
      await this.#api.call({ what: "list the images", method: "GET", path: "/images/json" }, signal);
      await this.#clock.sleep(pauseMs, signal);
      reply = await attempt();
    }
    return reply;
  }
}
