import { connect } from "node:net";
import type { Clock } from "@mcp/base";
import type { CheckResult } from "@mcp/planner";
import type { Endpoint } from "./endpoint.ts";
import { failureText } from "./failure-text.ts";

/**
 * QEMU's user networking and rootless podman's forwarder accept a connection before they know whether anybody listens inside,
 * and close it if nobody does: so it counts once it has stayed open for so long, or something came.
 */
const mustStayOpenMs = 250;

/** One connection: it passes if it is accepted and not closed by the peer at once. */
export function askTcp(
  at: Endpoint,
  guestPort: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<CheckResult> {
  const what = `port ${guestPort}`;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const settled = new AbortController();
    const socket = connect({ host: at.address, port: at.port, noDelay: true });
    const end = (): void => {
      signal.removeEventListener("abort", abort);
      settled.abort();
      socket.destroy();
    };
    const abort = (): void => {
      end();
      reject(signal.reason);
    };
    const settle = (passed: boolean, text: string): void => {
      end();
      resolve({ passed, text: `${what} ${text}` });
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => {
      clock.sleep(mustStayOpenMs, settled.signal).then(
        () => settle(true, "accepts connections"),
        () => {},
      );
    });
    socket.once("data", () => settle(true, "accepts connections"));
    socket.once("end", () => settle(false, "accepted a connection and closed it at once"));
    socket.on("error", (error) => settle(false, `does not answer: ${failureText(error)}`));
  });
}
