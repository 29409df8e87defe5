/** Time as a dependency, so that whatever waits can be tested without waiting. `@mcp/host` has the real one. */
export interface Clock {
  /** Milliseconds since the epoch; may jump when somebody sets the clock. For stamps that people read. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. For durations. */
  monotonic(): number;
  /** Rejects with `signal.reason` when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
