import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { AgentService } from "@mcp/proto";

export type Rpcs = Partial<ServiceImpl<typeof AgentService>>;

/** A server that speaks Connect as the agent does, on a unix socket, with what the test gives it behind each RPC. */
export class FakeAgent implements AsyncDisposable {
  readonly socketPath: string;
  readonly address: string;
  readonly #folder: string;
  #server: Server | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.socketPath = join(folder, "agent.sock");
    this.address = `unix:${this.socketPath}`;
  }

  static async start(rpcs: Rpcs): Promise<FakeAgent> {
    const agent = new FakeAgent(await mkdtemp(join(tmpdir(), "mcp-fake-agent-")));
    await agent.revive(rpcs);
    return agent;
  }

  /** As by kill -9: every connection is cut, and nobody listens. */
  async die(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    await rm(this.socketPath, { force: true });
  }

  async revive(rpcs: Rpcs): Promise<void> {
    const server = createServer(
      connectNodeAdapter({ routes: (router) => void router.service(AgentService, rpcs) }),
    );
    await new Promise<void>((listening) => server.listen(this.socketPath, listening));
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
