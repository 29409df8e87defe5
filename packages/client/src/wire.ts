/** One HTTP exchange with an agent, whatever carries it. */
export interface Wire {
  /**
   * @throws Problem `agent_unreachable`, `permission_denied`; an abort rethrows `signal.reason`.
   */
  post(request: WireRequest): Promise<WireResponse>;
  close(): void;
}

export interface WireRequest {
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface WireResponse {
  readonly status: number;
  /** Empty if there was none. */
  readonly contentType: string;
  /** Throws as `post` does; ends only where the agent ended it. */
  readonly body: AsyncIterable<Uint8Array>;
}
